/** An error answer of the vault, as Azure words it (recorded texts where there are recordings). */
export class VaultRefusal extends Error {
  override readonly name = 'VaultRefusal';
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, extra: RefusalExtra | string = {}) {
    super(message);
    const { innerCode, headers = {} } = typeof extra === 'string' ? { innerCode: extra } : extra;
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
    this.headers = headers;
  }

  toBody(): object {
    const inner = this.innerCode === undefined ? {} : { innererror: { code: this.innerCode } };
    return { error: { code: this.code, message: this.message, ...inner } };
  }
}

interface RefusalExtra {
  readonly innerCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
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

/** Between a recovery's answer and the moment that it is through. */
export const beingRecovered = (name: string): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `Certificate ${name} is currently being recovered and cannot be re-created; retry later.`,
    'ObjectIsBeingRecovered',
  );

export const recoverConflict = (id: string): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `There was a conflict while recovering the soft-deleted certificate '${id}'. This can happen when multiple operations are performed in parallel against the soft-deleted certificate. To avoid this error, perform operations against the soft-deleted certificate in a sequential manner.`,
  );

export const restoreConflict = (id: string): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `Conflict while restoring certificate ${id} - certificate already exists or concurrent access`,
  );

/** The blanks in the code are Azure's. */
export const malformedBackup = (): VaultRefusal =>
  new VaultRefusal(400, 'Malformed backup blob', 'Backup blob contains invalid or corrupt version.');

/** A blob of another subscription or geography. */
export const foreignBackup = (): VaultRefusal => badParameter('Cannot decrypt backup blob.');

/** Names of certificates, keys and secrets are one set of names: the collision with an object that is there already. */
export const nameInUse = (noun: Noun, name: string, by: Noun): VaultRefusal =>
  new VaultRefusal(
    409,
    'Conflict',
    `A ${noun} named ${name} can not be created, because a ${by} of that name exists in this key vault.`,
  );

export const throttled = (retryAfterSeconds: number | undefined): VaultRefusal =>
  new VaultRefusal(
    429,
    'Throttled',
    'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } },
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

/** Signing, wrapping and encrypting keep to the key's dates; what takes such work back does not. */
export const outsideKeyDates = (operation: string, when: 'expired' | 'not yet valid'): VaultRefusal =>
  new VaultRefusal(
    403,
    'Forbidden',
    `Operation ${operation} is not allowed on a key that is ${when}.`,
    when === 'expired' ? 'KeyExpired' : 'KeyNotYetValid',
  );
