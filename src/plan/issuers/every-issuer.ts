import { z } from 'zod';
import { type KeyType, keyTypes } from '../../certificate/types.ts';
import { checked, hostName, httpsUrl, keys, listOf, whole, word } from '../schema-parts.ts';

/** What an issuer may be asked for. */
export interface IssuerLimits {
  /** The longest life, in days. */
  readonly maxDays: number;
  readonly keys: readonly KeyType[];
  /** DNS suffixes that it may be asked for, e.g. `contoso.example`. */
  readonly dnsSuffixes: readonly string[];
}

/** What every issuer has, whatever its kind. */
export interface CommonIssuerPlan {
  /** PEM certificates between leaf and root, for answers that leave them out. */
  readonly chain: readonly string[];
  /** PEM certificates of the roots that a chain must end at. */
  readonly roots: readonly string[];
  readonly limits: IssuerLimits;
}

const PEM = /^\s*-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
export const pem = word(PEM, 'one PEM block that begins with -----BEGIN CERTIFICATE-----');

export const isPrivate = z.boolean({ error: 'true or false' });

/** PEM certificates that vouch for the host of a CA; none: the public authorities. */
export const trust = listOf(pem, { what: 'a list of PEM certificates' }).default([]);

/** `limits` of the estate file, to which a kind may add. */
export const limits = {
  maxDays: whole(1, 3650).default(398),
  keys: keys.default([...keyTypes]),
  dnsSuffixes: listOf(hostName, { min: 1, what: 'a list of the DNS suffixes that it may be asked for' }),
};

/** `CommonIssuerPlan`, without its limits. */
export const common = {
  chain: listOf(pem, { what: 'a list of PEM certificates' }).default([]),
  roots: listOf(pem, { min: 1, what: 'a list of the PEM certificates of the roots' }),
};

/** `{vault}/{collection}/{name}`, without version. */
export function idOf(collection: 'certificates' | 'keys' | 'secrets') {
  const path = new RegExp(`^/${collection}/[0-9A-Za-z-]{1,127}$`);
  const isId = (text: string): boolean => {
    const url = httpsUrl(text);
    return url !== undefined && path.test(url.pathname) && !/[?#]/.test(text);
  };
  const what = { certificates: 'certificate', keys: 'key', secrets: 'secret' }[collection];
  return checked(isId, `the id of a ${what} like https://contoso.vault.azure.net/${collection}/name, without version`);
}

/** The address of a CA. */
export function address(what: string) {
  return checked((text) => {
    const url = httpsUrl(text);
    return url !== undefined && url.hash === '';
  }, what);
}

/** The address of a CA whose paths are always the same. */
export function origin(what: string) {
  return checked((text) => httpsUrl(text)?.pathname === '/' && !/[?#]/.test(text), what);
}
