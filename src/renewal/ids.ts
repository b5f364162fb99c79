import { createHash } from 'node:crypto';

/** What makes a renewal the one it is. Vault URIs and certificate names compare without case, as in Key Vault. */
export interface RenewalIdentity {
  /** URI of the vault. */
  readonly vault: string;
  readonly name: string;
  /** The version that is to be replaced; absent when the certificate has none yet. */
  readonly version?: string | undefined;
  /** The attempt that the claim allocated: 1, 2, 3, … */
  readonly attempt: number;
}

const SLUG_LENGTH = 40;
const HASH_BYTES = 10;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const SHAPE = /^[A-Za-z0-9_-]{1,100}$/;

/**
 * The id of a renewal and of its durable instance. Equal identities give equal ids, so that a start that is repeated
 * after a crash, or a second event, meets the same instance instead of making another one.
 */
export function renewalId(identity: RenewalIdentity): string {
  return `${slugOf(identity)}-${hashOf(identity)}`;
}

/** Must hold before an id reaches the durable client, which puts ids into URLs without encoding them. */
export function isRenewalId(text: string): boolean {
  return SHAPE.test(text);
}

/** For people only: the hash alone makes the id unique. */
function slugOf(identity: RenewalIdentity): string {
  const words = `${hostOf(identity.vault).split('.', 1)[0]}-${identity.name}`.toLowerCase();
  const slug = words.replace(/[^a-z0-9]+/g, '-').replace(/^-/, '');
  return slug.slice(0, SLUG_LENGTH).replace(/-$/, '') || 'renewal';
}

function hostOf(vault: string): string {
  return vault.replace(/^https?:\/\//i, '');
}

function hashOf({ vault, name, version, attempt }: RenewalIdentity): string {
  const certificate = [vault.replace(/\/+$/, ''), name, version ?? 'new'].join('|').toLowerCase();
  return base32(createHash('sha256').update(`${certificate}|${attempt}`).digest().subarray(0, HASH_BYTES));
}

/** RFC 4648 section 6 in lower case; 10 bytes fill 16 characters exactly, so that no padding is needed. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');
}
