import { X509Certificate } from 'node:crypto';
import { createDnsZones, type DnsZones } from '../../../local/arm/dns-zones.ts';
import { type AcmeEmulator, createAcme } from '../../../local/issuers/acme/acme.ts';
import type { JsonObject } from '../../../local/issuers/acme/json.ts';
import type { Profile } from '../../../local/issuers/acme/settings.ts';
import type { VaultEmulator } from '../../../local/vault/vault.ts';
import type { Dice } from '../virtual/dice.ts';
import type { KeyRing } from '../virtual/keys.ts';
import type { SimClock } from '../virtual/sim-clock.ts';
import { ACCOUNT_KEY, DNS_ZONE, profileOf, type SimCertificate } from './estate.ts';

/** What somebody has certified without the app. */
export interface SignWish {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly commonName: string;
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A CA as those see it who do not order from it. */
export interface SimAuthority {
  readonly root: X509Certificate;
  readonly issuing: X509Certificate;
  /** DERs, leaf first. */
  sign(wish: SignWish): readonly Uint8Array[];
}

/** An ACME server that looks for answers in the zone of the estate's Azure DNS. */
export interface PublicCa extends SimAuthority {
  readonly acme: AcmeEmulator;
  readonly dns: DnsZones;
}

export interface PublicCaOptions {
  readonly dice: Dice;
  readonly clock: SimClock;
  readonly keys: KeyRing;
  readonly certificates: readonly SimCertificate[];
  /** JWK of the account that the versions in use were ordered by. */
  readonly accountKey: JsonObject;
}

const DAY_SECONDS = 86_400;
/** Nobody meets the limits of a CA by accident in days; `ca.rate-limit` is how they are met. */
const plenty = { count: 100_000, seconds: 1 };

export function createPublicCa({ dice, clock, keys, certificates, accountKey }: PublicCaOptions): PublicCa {
  const dns = createDnsZones({ clock, zones: [DNS_ZONE], propagationSeconds: dice.integer('propagation', 0, 29) });
  const acme = createAcme({
    clock,
    txt: (name) => dns.txt(name),
    random: dice.stream('public CA'),
    keyPool: keys,
    profiles: Object.fromEntries(certificates.map(({ plan }) => profileFor(plan.acceptance.validityDays))),
    quota: { orders: plenty, sameNames: plenty, domain: plenty, failures: plenty },
    reusePercent: 50,
    retryAfter: dice.pick('form of Retry-After', ['seconds', 'date', 'none']),
    faults: [],
  });
  const sign = (wish: SignWish): readonly Uint8Array[] => acme.seed({ ...wish, accountKey }).chains[0] ?? [];
  const [root] = acme.roots();
  const now = clock.now();
  const { spki } = keys.draw('P-256');
  const [, issuing] = sign({ spki, commonName: 'nobody', names: [], notBefore: now, notAfter: now });
  if (issuing === undefined) throw new TypeError('the public CA has no issuing CA');
  return { acme, dns, sign, root: new X509Certificate(root), issuing: new X509Certificate(issuing) };
}

function profileFor(days: number): [string, Profile] {
  const description = `${days} days`;
  return [profileOf(days), { description, lifeSeconds: days * DAY_SECONDS, hasCommonName: true }];
}

/** The key of the account, in the vault of credentials. Answers with its public half. */
export async function createAccountKey(vault: VaultEmulator, token: string): Promise<JsonObject> {
  const answer = await vault.handle({
    method: 'POST',
    url: new URL(`${vault.uri}/keys/${ACCOUNT_KEY}/create?api-version=7.5`),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ kty: 'EC', crv: 'P-256', key_ops: ['sign', 'verify'] })),
  });
  const { key } = JSON.parse(String(answer.body)) as { readonly key: JsonObject };
  return key;
}
