import { X509Certificate } from 'node:crypto';
import { CertificateClient } from '@azure/keyvault-certificates';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';

/** How long a secret, a key or a CA certificate may be used. ISO 8601; absent: nobody has said. */
export interface CredentialFacts {
  readonly enabled: boolean;
  readonly notBefore?: string;
  readonly expiresAt?: string;
}

/** Looks at the newest version of what an id names: `{vault}/{secrets|keys|certificates}/{name}`. Throws `vault-*`. */
export type CredentialReader = (id: string) => Promise<CredentialFacts>;

/** Azure: Get Secret, Get Key, Get Certificate. Of a secret only the dates of certificates in it go further. */
export function createCredentialReader(connection: VaultConnection): CredentialReader {
  return async (id) => {
    const [, host = '', collection = '', name = ''] =
      /^(https:\/\/[^/]+)\/(secrets|keys|certificates)\/([0-9a-zA-Z-]{1,127})$/.exec(id) ?? [];
    if (name === '') {
      const shown = JSON.stringify(id.slice(0, 200));
      throw new RenewalError('vault-refused', `key-vault: not the id of a credential without its version: id=${shown}`);
    }
    const vault = vaultUrl(host);
    const read = readers[collection as keyof typeof readers];
    return await attempt(connection, { action: 'look at credential', vault, name }, (abortSignal) =>
      read({ vault, name, connection, abortSignal }),
    );
  };
}

interface Wanted {
  readonly vault: string;
  readonly name: string;
  readonly connection: VaultConnection;
  readonly abortSignal: AbortSignal;
}

const readers = {
  async secrets({ vault, name, connection, abortSignal }: Wanted) {
    const client = new SecretClient(vault, connection.credential, clientOptions(connection, vault));
    const { value, properties } = await client.getSecret(name, { abortSignal });
    return factsOf(properties, certificateDates(value ?? ''));
  },
  async keys({ vault, name, connection, abortSignal }: Wanted) {
    const client = new KeyClient(vault, connection.credential, clientOptions(connection, vault));
    return factsOf((await client.getKey(name, { abortSignal })).properties);
  },
  async certificates({ vault, name, connection, abortSignal }: Wanted) {
    const client = new CertificateClient(vault, connection.credential, clientOptions(connection, vault));
    return factsOf((await client.getCertificate(name, { abortSignal })).properties);
  },
};

interface Attributes {
  readonly enabled?: boolean | undefined;
  readonly notBefore?: Date | undefined;
  readonly expiresOn?: Date | undefined;
}

/** The attributes of Key Vault and what is in the certificates: the shorter time counts. */
function factsOf({ enabled, notBefore, expiresOn }: Attributes, dates: readonly Dates[] = []): CredentialFacts {
  const from = [notBefore, ...dates.map((one) => one.notBefore)].filter(isDate).map(Number);
  const to = [expiresOn, ...dates.map((one) => one.notAfter)].filter(isDate).map(Number);
  return {
    enabled: enabled ?? true,
    ...(from.length > 0 && { notBefore: new Date(Math.max(...from)).toISOString() }),
    ...(to.length > 0 && { expiresAt: new Date(Math.min(...to)).toISOString() }),
  };
}

/** What is no number of seconds on the wire comes out of the client as a date that is none. */
function isDate(date: Date | undefined): date is Date {
  return date instanceof Date && !Number.isNaN(date.getTime());
}

interface Dates {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Of the certificates in a PEM text; a client certificate is of no use once one of its chain has expired. */
function certificateDates(text: string): readonly Dates[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((pem) => {
    try {
      const { validFrom, validTo } = new X509Certificate(pem);
      return [{ notBefore: new Date(validFrom), notAfter: new Date(validTo) }];
    } catch {
      // Whoever uses it says that it cannot be read; here only dates are looked for.
      return [];
    }
  });
}
