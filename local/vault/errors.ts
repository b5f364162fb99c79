/** An error answer of the vault, as Azure words it (recorded texts where there are recordings). */
export class VaultRefusal extends Error {
  override readonly name = 'VaultRefusal';
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;

  constructor(status: number, code: string, message: string, innerCode?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
  }

  toBody(): object {
    const inner = this.innerCode === undefined ? {} : { innererror: { code: this.innerCode } };
    return { error: { code: this.code, message: this.message, ...inner } };
  }
}

export const badParameter = (message: string): VaultRefusal => new VaultRefusal(400, 'BadParameter', message);

export const invalidProperty = (property: string, detail = ''): VaultRefusal =>
  badParameter(`Property ${property} has invalid value. ${detail}\r\n`);

export const invalidName = (name: string): VaultRefusal =>
  badParameter(`The request URI contains an invalid name: ${name}`);

/** The emulator knows the operation by name only. 400 and not 501, because SDKs repeat a 5xx. */
export const notSupported = (operation: string): VaultRefusal =>
  new VaultRefusal(400, 'NotSupported', `The stand's vault does not offer this operation: ${operation}.`);

export type Noun = 'certificate' | 'key' | 'secret';
const capital = { certificate: 'Certificate', key: 'Key', secret: 'Secret' } as const;

export const notFound = (noun: Noun, name: string): VaultRefusal =>
  new VaultRefusal(
    404,
    `${capital[noun]}NotFound`,
    `A ${noun} with (name/id) ${name} was not found in this key vault. If you recently deleted this ${noun} you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  );

export const pendingNotFound = (name: string): VaultRefusal =>
  new VaultRefusal(404, 'PendingCertificateNotFound', `Pending certificate not found: ${name}`);

export const deletedNotFound = (name: string): VaultRefusal =>
  new VaultRefusal(404, 'CertificateNotFound', `Deleted Certificate not found: ${name}`);

export const recoverableNotFound = (name: string): VaultRefusal =>
  new VaultRefusal(404, 'CertificateNotFound', `Certificate not found: ${name}`);

export const issuerNotFound = (): VaultRefusal =>
  new VaultRefusal(404, 'CertificateIssuerNotFound', 'Issuer not found');

export const contactsNotFound = (): VaultRefusal => new VaultRefusal(404, 'ContactsNotFound', 'Contacts not found');

export const pendingInProgress = (): VaultRefusal =>
  new VaultRefusal(
    409,
    'Forbidden',
    "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.",
  );

/** The misspelt word is Azure's. */
export const mergeForbidden = (issuer: string): VaultRefusal =>
  new VaultRefusal(
    403,
    'Forbidden',
    `Merge is forbidden on pending object created with issuer : ${issuer} while it is in progess.`,
  );

export const keyMismatch = (): VaultRefusal =>
  badParameter(
    'The public key of the end-entity certificate in the specified X.509 certificate content does not match the public part of the specified private key. Please check if certificate is valid.',
  );

export const deletedButRecoverable = (name: string): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `Certificate ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the certificate can only be recovered or purged.`,
    'ObjectIsDeletedButRecoverable',
  );

export const beingDeleted = (name: string): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `Certificate ${name} is currently being deleted and cannot be re-created; retry later.`,
    'ObjectIsBeingDeleted',
  );

export const recoverConflict = (id: string): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `There was a conflict while recovering the soft-deleted certificate '${id}'. This can happen when multiple operations are performed in parallel on this certificate; try again.`,
  );

export const purgeProtected = (): VaultRefusal =>
  new VaultRefusal(
    403,
    'Forbidden',
    'Operation "purge" is not allowed because purge protection is enabled for this vault.',
  );

export const disabled = (noun: 'key' | 'secret', operation: string): VaultRefusal =>
  new VaultRefusal(
    403,
    'Forbidden',
    `Operation ${operation} is not allowed on a disabled ${noun}.`,
    `${capital[noun]}Disabled`,
  );

export const keyOperationForbidden = (operation: string): VaultRefusal =>
  new VaultRefusal(403, 'Forbidden', `Operation ${operation} is not permitted on this key.`, 'KeyOperationForbidden');
