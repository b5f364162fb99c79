import { accountWith } from './accounts.ts';
import { certificateOf, keep } from './issuance.ts';
import type { JsonObject } from './json.ts';
import { readPublicKey } from './public-key.ts';
import type { Account, IssuedCertificate } from './records.ts';
import type { AcmeServer } from './settings.ts';

/** A certificate that was issued before anybody looked. */
export interface AcmeSeed {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly commonName?: string;
  /** DNS names. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** JWK of the account that ordered it. One that is not known yet is made. */
  readonly accountKey: JsonObject;
}

/** The door apart from the protocol: no order, no proof, no limit. */
export function seedCertificate(server: AcmeServer, seed: AcmeSeed): IssuedCertificate {
  const { names, notBefore, notAfter } = seed;
  const leaf = server.authorities.issue(seed);
  const certificate = certificateOf(server, leaf, {
    account: ownerOf(server, seed.accountKey),
    identifiers: names.map((value) => ({ type: 'dns', value })),
    ...{ notBefore, notAfter, above: server.authorities.chains() },
  });
  keep(server, certificate);
  return certificate;
}

function ownerOf(server: AcmeServer, jwk: JsonObject): Account {
  const key = readPublicKey(jwk);
  const known = accountWith(server, key);
  if (known !== undefined) return known;
  const account: Account = { id: server.chance.id().slice(0, 16), status: 'valid', contact: [], key };
  server.records.accounts.set(account.id, account);
  return account;
}
