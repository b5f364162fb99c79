import { union } from '../schema-parts.ts';
import { acme } from './acme.ts';
import { cfssl } from './cfssl.ts';
import { vaultCa } from './vault-ca.ts';

/** One issuer of the estate file: every kind, one line each. */
export const issuer = union([vaultCa, acme, cfssl]);
