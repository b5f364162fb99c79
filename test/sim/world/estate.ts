import type { AcmePlan } from '../../../src/plan/issuers/acme.ts';
import type { Estate, EstateCertificate, EstateVault, Plan } from '../../../src/plan/types.ts';
import type { Dice } from '../virtual/dice.ts';
import type { SimKeyKind } from '../virtual/keys.ts';
import { DOMAIN, SUBSCRIPTION, vaultId, vaultUri } from './names.ts';
import { drawTargets, drawWaves, hostNameOf, type SimTarget } from './places.ts';

export const CA_VAULT = 'kv-ca';
/** Where the key of the account at the public CA is. No certificate lies there. */
export const CREDENTIALS_VAULT = 'kv-credentials';
export const LOCATION = 'West Europe';
export const ACCOUNT_KEY = 'acme-account';
/** Of the public CA. */
export const ACME_ORIGIN = 'https://acme.public-ca.example';

const DAY = 86_400_000;

/** One certificate of a simulated estate, and how its current version is to be seeded. */
export interface SimCertificate {
  readonly vault: string;
  readonly name: string;
  readonly keyKind: SimKeyKind;
  /** The vault CA, the public one that is spoken to by ACME, or a partner inside the vault. */
  readonly ca: 'internal' | 'public' | 'partner';
  readonly plan: Plan;
  readonly targets: readonly SimTarget[];
  /** The targets share one webspace, so that a deployment of one moves them all. */
  readonly sharesWebspace: boolean;
  /** Another certificate resource keeps the old version for a while: a roll back is possible. */
  readonly hasKeeper: boolean;
  /** Of the vault's policy, which decides how long a partner's certificate lives. */
  readonly validityMonths: number;
  /** At which percent of its life the vault renews it by itself; absent: never. */
  readonly autoRenewPercent?: number;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export const DNS_ZONE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/${DOMAIN}`;

/** Of the public CA: one for each validity, for there the profile decides how long a certificate lives. */
export function profileOf(validityDays: number): string {
  return `days-${validityDays}`;
}

/** An order at the public CA takes several times as many requests as one at the vault CA. */
const PUBLIC_SHARE = 0.25;
/** Of the others: those that the vault orders from a partner. */
const PARTNER_SHARE = 0.2;
/** As the vaults and the policies of its certificates name it. */
export const PARTNER = 'Partner';

/** Draws the certificates: each comes due within the first days, or is due already. */
export function drawCertificates(dice: Dice, now: Date): readonly SimCertificate[] {
  const count = dice.pick('certificate count', [1, 1, 2, 2, 3]);
  const vaults = dice.pick('vault count', [1, 1, 2]);
  return Array.from({ length: count }, (_, index) => drawCertificate(dice, now, { index, vaults }));
}

function drawCertificate(dice: Dice, now: Date, { index, vaults }: { index: number; vaults: number }): SimCertificate {
  const name = ['shop', 'api', 'mail'][index] ?? `site-${index}`;
  const ca = drawCa(dice);
  const validityMonths = ca === 'partner' ? dice.pick('validity months', [1, 3]) : 3;
  const validityDays = ca === 'partner' ? validityMonths * 31 : dice.pick('validity', [5, 14, 47, 90]);
  const oldDays = Math.min(validityDays, dice.pick('old validity', [90, 90, 30]));
  const dueInDays = dice.stream('due')() * 1.6 - 1;
  const left = oldDays * DAY * 0.34 + dueInDays * DAY;
  const notAfter = new Date(wholeSeconds(now.getTime() + Math.min(Math.max(left, DAY / 2), oldDays * DAY * 0.95)));
  const sharesWebspace = dice.chance('shared webspace', 0.2);
  const targets = drawTargets(dice, name, sharesWebspace);
  const renewsItself = ca === 'partner' && dice.chance('AutoRenew', 0.4);
  return {
    vault: `kv-web-${(index % vaults) + 1}`,
    name,
    ca,
    keyKind: dice.pick('key kind', ['P-256', 'P-256', 'P-384']),
    plan: drawPlan(dice, { name, validityDays, issuer: ca === 'public' ? profileOf(validityDays) : ca }),
    validityMonths,
    ...(renewsItself && { autoRenewPercent: dice.pick('AutoRenew at', [60, 67, 80]) }),
    targets,
    sharesWebspace,
    hasKeeper: dice.chance('keeper', 0.3),
    notBefore: new Date(notAfter.getTime() - oldDays * DAY),
    notAfter,
  };
}

function drawCa(dice: Dice): SimCertificate['ca'] {
  if (dice.chance('public CA', PUBLIC_SHARE)) return 'public';
  return dice.chance('partner', PARTNER_SHARE) ? 'partner' : 'internal';
}

const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000;

interface PlanWish {
  readonly name: string;
  readonly validityDays: number;
  readonly issuer: string;
}

function drawPlan(dice: Dice, { name, validityDays, issuer }: PlanWish): Plan {
  return {
    name: `plan-${name}`,
    issuer,
    owner: `team-${name}`,
    renewAt: { percentOfLife: 66, floorDays: dice.pick('floor', [1, 3, 30]) },
    acceptance: {
      validityDays,
      minimumDays: Math.max(1, Math.floor(validityDays / 3)),
      maximumDays: validityDays + 1,
      keys: ['P-256', 'P-384'],
    },
    rollout: {
      waves: drawWaves(dice),
      failureBudget: dice.pick('budget', [0, 0, 1]),
      soakSeconds: dice.pick('soak', [0, 60, 1800]),
      oldVersion: dice.pick('old version', ['keep', 'keep', 'disable']),
      perSubscription: 1000,
      writePercent: 80,
      verify: { everySeconds: dice.pick('verify every', [10, 60]), forSeconds: dice.pick('verify for', [60, 900]) },
    },
  };
}

export function hostNamesOf({ name, targets }: SimCertificate): readonly string[] {
  return [`${name}.${DOMAIN}`, ...targets.map(hostNameOf)];
}

/** What a certificate is made out to. */
export function wishOf(certificate: SimCertificate): {
  readonly commonName: string;
  readonly names: readonly string[];
} {
  const names = hostNamesOf(certificate);
  return { commonName: names[0] ?? certificate.name, names };
}

/** PEM of the roots; of the partner also what stands between. */
export interface Roots {
  readonly internal: string;
  readonly partner: string;
  readonly partnerIssuing: string;
  /** Absent: no certificate comes from the public CA. */
  readonly public?: string | undefined;
}

/** The estate file's content. */
export function estateOf(certificates: readonly SimCertificate[], roots: Roots): Estate {
  const vaultNames = [...new Set(certificates.map(({ vault }) => vault)), CA_VAULT];
  const validities = certificates.filter(({ ca }) => ca === 'public').map(({ plan }) => plan.acceptance.validityDays);
  const publicRoot = roots.public === undefined ? [] : [roots.public];
  return {
    schema: 1,
    vaults: vaultNames.map((name): EstateVault => ({ name, uri: vaultUri(name), resourceId: vaultId(name) })),
    issuers: {
      internal: {
        kind: 'vault-ca',
        certificate: `${vaultUri(CA_VAULT)}/certificates/issuing-ca`,
        chain: [],
        roots: [roots.internal],
        limits: { ...limits, clientAuth: true },
      },
      partner: {
        kind: 'partner',
        issuerName: PARTNER,
        private: true,
        chain: [roots.partnerIssuing],
        roots: [roots.partner],
        limits,
      },
      ...Object.fromEntries(validities.map((days) => [profileOf(days), publicIssuer(days, publicRoot)])),
    },
    plans: Object.fromEntries(certificates.map(({ plan }) => [plan.name, plan])),
    certificates: certificates.map(
      ({ vault, name, plan, targets }): EstateCertificate => ({
        ...{ vault, name, plan: plan.name, owner: plan.owner, targets, discover: false },
      }),
    ),
  };
}

const limits = { maxDays: 398, keys: ['P-256', 'P-384'], dnsSuffixes: [DOMAIN] } as const;

function publicIssuer(validityDays: number, roots: readonly string[]): AcmePlan {
  return {
    kind: 'acme',
    directory: `${ACME_ORIGIN}/directory`,
    accountKey: `${vaultUri(CREDENTIALS_VAULT)}/keys/${ACCOUNT_KEY}`,
    contact: ['certificates@contoso.example'],
    profile: profileOf(validityDays),
    private: false,
    trust: [],
    dns: { zones: [DNS_ZONE], waitSeconds: 30 },
    ...{ chain: [], roots, limits },
  };
}
