import { createHash } from 'node:crypto';

/** SHA-256 of the bytes in lower-case hex: how Perennial tells certificates, keys and requests apart. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-1 of the bytes in lower-case hex: only because Azure's thumbprints are made of it. */
export function sha1Hex(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
