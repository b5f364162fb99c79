import type { KeyType } from '../../src/certificate/types.ts';
import { guid } from '../events/guid.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { placeStories, type ScenarioPlace } from './places/stories.ts';
import { seededRandom, shuffled } from './random.ts';

export interface ScenarioSite {
  readonly environment: 'ase-v3' | 'multi-tenant';
  readonly lagSeconds: number;
  /** The name of a slot of the site, which then serves; its certificate resource names its plan. */
  readonly slot?: string;
}

/** CAs of the stand that are servers of their own: the kinds of their issuers. */
export const foreignIssuerKinds = ['acme', 'est', 'step-ca', 'cfssl'] as const;
export type ForeignIssuerKind = (typeof foreignIssuerKinds)[number];

/** What happens to a seeded certificate, and how that must end. */
export interface Scenario {
  readonly key:
    | 'near-expiry'
    | 'many-events'
    | 'dropped-event'
    | 'by-hand'
    | 'healthy'
    | 'stale-pending'
    | 'foreign-pending'
    | 'imported'
    | 'expired'
    | 'slow-site'
    | 'multi-tenant'
    | 'no-targets'
    | 'by-acme'
    | 'by-est'
    | 'by-step-ca'
    | 'by-cfssl'
    | 'on-machine'
    | 'on-scale-set'
    | 'on-gateway'
    | 'on-cluster'
    | 'behind-webhook'
    | 'fleet';
  readonly story: string;
  readonly vault: 0 | 1;
  readonly keyType: KeyType;
  /** Days since the current version was made, and days it has left. */
  readonly ageDays: number;
  readonly leftDays: number;
  readonly trigger: 'event' | 'five-events' | 'sweep' | 'force' | 'ask';
  /** App Service sites that serve it. */
  readonly sites: readonly ScenarioSite[];
  /** What else serves it; each has a host name of its own. */
  readonly places?: readonly ScenarioPlace[];
  /** Virtual machines whose application shows it as a TLS client. */
  readonly machines?: number;
  readonly expected: { readonly outcome: string; readonly reason: string };
  /** Who issues it; absent: the internal CA, whose key is in a vault. */
  readonly issuer?: ForeignIssuerKind;
  /** What befalls its renewal; `expected` stays what must happen without it. */
  readonly fault?: FaultName;
}

const ase = { environment: 'ase-v3', lagSeconds: 0 } as const;
const renewed = { outcome: 'renewed', reason: 'served' } as const;

export const scenarios: readonly Scenario[] = [
  {
    key: 'near-expiry',
    story: 'near expiry, the event arrives',
    vault: 0,
    keyType: 'P-256',
    ageDays: 70,
    leftDays: 20,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'many-events',
    story: 'near expiry, the event arrives five times; two sites',
    vault: 0,
    keyType: 'RSA-2048',
    ageDays: 75,
    leftDays: 15,
    trigger: 'five-events',
    sites: [ase, ase],
    expected: renewed,
  },
  {
    key: 'dropped-event',
    story: 'near expiry, the event is lost: the sweep finds it',
    vault: 1,
    keyType: 'P-384',
    ageDays: 68,
    leftDays: 22,
    trigger: 'sweep',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'by-hand',
    story: 'renewed by hand over HTTP',
    vault: 1,
    keyType: 'RSA-3072',
    ageDays: 50,
    leftDays: 40,
    trigger: 'force',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'healthy',
    story: 'healthy: asked for over HTTP, not due',
    vault: 1,
    keyType: 'P-256',
    ageDays: 30,
    leftDays: 60,
    trigger: 'ask',
    sites: [ase],
    expected: { outcome: 'not-needed', reason: 'not-due' },
  },
  {
    key: 'stale-pending',
    story: 'an old pending request of ours is taken up again',
    vault: 0,
    keyType: 'RSA-2048',
    ageDays: 72,
    leftDays: 18,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'foreign-pending',
    story: 'somebody else’s request is pending',
    vault: 1,
    keyType: 'P-256',
    ageDays: 80,
    leftDays: 10,
    trigger: 'ask',
    sites: [ase],
    expected: { outcome: 'refused', reason: 'foreign-pending' },
  },
  {
    key: 'imported',
    story: 'imported as PFX',
    vault: 1,
    keyType: 'RSA-2048',
    ageDays: 66,
    leftDays: 24,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'expired',
    story: 'expired already',
    vault: 0,
    keyType: 'P-256',
    ageDays: 92,
    leftDays: -2,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'slow-site',
    story: 'its site keeps serving the old one at first',
    vault: 1,
    keyType: 'P-521',
    ageDays: 64,
    leftDays: 26,
    trigger: 'event',
    sites: [{ environment: 'ase-v3', lagSeconds: 4 }],
    expected: renewed,
  },
  {
    key: 'multi-tenant',
    story: 'a multi-tenant site, which takes no private CA',
    vault: 0,
    keyType: 'RSA-2048',
    ageDays: 71,
    leftDays: 19,
    trigger: 'event',
    sites: [{ environment: 'multi-tenant', lagSeconds: 0 }],
    expected: { outcome: 'refused', reason: 'private-ca-on-multi-tenant' },
  },
  {
    key: 'no-targets',
    story: 'used nowhere: only the vault is renewed',
    vault: 0,
    keyType: 'RSA-4096',
    ageDays: 69,
    leftDays: 21,
    trigger: 'sweep',
    sites: [],
    expected: { outcome: 'renewed', reason: 'no-targets' },
  },
  {
    key: 'by-acme',
    story: 'from a public CA by ACME, its name proved in Azure DNS',
    issuer: 'acme',
    vault: 1,
    keyType: 'P-256',
    ageDays: 73,
    leftDays: 17,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'by-est',
    story: 'from a CA by EST, which lets requests wait',
    issuer: 'est',
    vault: 0,
    keyType: 'P-256',
    ageDays: 74,
    leftDays: 16,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'by-step-ca',
    story: 'from a step-ca, by a token that a key of the vault has signed',
    issuer: 'step-ca',
    vault: 0,
    keyType: 'P-384',
    ageDays: 72,
    leftDays: 18,
    trigger: 'sweep',
    sites: [ase],
    expected: renewed,
  },
  {
    key: 'by-cfssl',
    story: 'from a CA that runs cfssl',
    issuer: 'cfssl',
    vault: 1,
    keyType: 'RSA-2048',
    ageDays: 76,
    leftDays: 14,
    trigger: 'event',
    sites: [ase],
    expected: renewed,
  },
  ...placeStories,
];

/** A scenario with the names that a seed gave it. */
export interface Seeded extends Scenario {
  readonly vaultName: string;
  readonly name: string;
  /** Those of the sites first, then those of the other places. */
  readonly hostNames: readonly string[];
}

export interface SeededEstate {
  readonly company: string;
  readonly domain: string;
  readonly vaultNames: readonly [string, string];
  readonly caVaultName: string;
  /** Holds what the app shows to issuers. */
  readonly credentialVaultName: string;
  readonly subscription: string;
  readonly certificates: readonly Seeded[];
}

const companies = ['contoso', 'fabrikam', 'northwind', 'tailspin', 'wingtip', 'adatum', 'litware', 'proseware'];
const words = [
  'shop',
  'portal',
  'api',
  'intranet',
  'billing',
  'partner',
  'legacy',
  'archive',
  'media',
  'www',
  'mail',
  'docs',
  'orders',
  'login',
  'reports',
  'status',
  'events',
  'payroll',
  'search',
  'maps',
  'travel',
  'support',
  'careers',
  'labs',
] as const;

/** Names, and with them everything that hangs on names, for a seed. */
export function seedEstate(seed: number, stories: readonly Scenario[] = scenarios): SeededEstate {
  const random = seededRandom(seed);
  const company = shuffled(companies, random)[0] ?? 'contoso';
  const names = shuffled(words, random);
  const domain = `${company}.example`;
  const vaultNames = [`kv-${company}-web`, `kv-${company}-core`] as const;
  const certificates = stories.map((scenario, index): Seeded => {
    const name = names[index] ?? `app-${index}`;
    const places = [...scenario.sites, ...(scenario.places ?? [])];
    const hostNames = places.map((_, at) => (at === 0 ? `${name}.${domain}` : `${name}-${at + 1}.${domain}`));
    return { ...scenario, vaultName: vaultNames[scenario.vault], name, hostNames };
  });
  return {
    company,
    domain,
    vaultNames,
    caVaultName: `kv-${company}-ca`,
    credentialVaultName: `kv-${company}-credentials`,
    subscription: guid(random),
    certificates,
  };
}

/** ARM id of the resource group that everything of the estate is in. */
export function resourceGroupOf({ subscription, company }: SeededEstate): string {
  return `/subscriptions/${subscription}/resourceGroups/${company}`;
}

/** ARM id of the DNS zone of the estate's names. */
export function zoneOf(estate: SeededEstate): string {
  return `${resourceGroupOf(estate)}/providers/Microsoft.Network/dnsZones/${estate.domain}`;
}

/** Whether something serves a certificate that only is there for other kinds of places. */
export function isUsedOn({ certificates }: SeededEstate, which: Partial<ScenarioPlace>): boolean {
  return certificates.some(({ places = [] }) =>
    places.some(({ kind, access }) => kind === which.kind && access === which.access),
  );
}

/** Whether some certificates come from CAs that are servers of their own, and are asked with credentials. */
export function hasForeignIssuers({ certificates }: SeededEstate): boolean {
  return certificates.some(({ issuer }) => issuer !== undefined);
}
