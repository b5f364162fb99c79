import { isIP } from 'node:net';
import { z } from 'zod';
import { keyTypes } from '../certificate/types.ts';
import { isHostName, isHostNameOrWildcard } from './host-names.ts';
import { issuer } from './issuers/issuer.ts';
import {
  checked,
  group,
  hostName,
  httpsUrl,
  keys,
  listOf,
  named,
  planName,
  RESOURCE,
  union,
  whole,
  word,
} from './schema-parts.ts';

const VAULT_ID = new RegExp(`^${RESOURCE}Microsoft\\.KeyVault/vaults/[a-z0-9-]{3,24}$`, 'i');
const SITE_ID = new RegExp(`^${RESOURCE}Microsoft\\.Web/sites/[\\w-]{1,60}(?:/slots/[\\w-]{1,60})?$`, 'i');
const FIVE_DAYS = 432_000;

const vaultName = word(
  /^[a-z](?:[a-z0-9]|-(?!-)){1,22}[a-z0-9]$/i,
  'a vault name: 3 to 24 letters, digits and single hyphens',
);
const certificateName = word(/^[0-9A-Za-z-]{1,127}$/, 'a certificate name: 1 to 127 letters, digits and hyphens');
const owner = word(/^[^\p{Cc}]{1,256}$/u, 'an owner: a team or a mail address, at most 256 characters');

const vault = group({
  name: vaultName,
  uri: checked(isOrigin, 'a vault URI like https://contoso.vault.azure.net, without a path').transform(plainUri),
  resourceId: word(VAULT_ID, 'the ARM id of the vault: /subscriptions/…/providers/Microsoft.KeyVault/vaults/…'),
});

const acceptance = group({
  validityDays: whole(1, 3650).default(90),
  minimumDays: whole(0, 3650).default(30),
  maximumDays: whole(1, 3650).default(398),
  keys: keys.default([...keyTypes]),
});

const rollout = group({
  wavePercent: listOf(whole(1, 100), { min: 1, max: 10, what: 'a list like [10, 50, 100]' }).default([10, 50, 100]),
  failureBudget: whole(0, 1000).default(0),
  soakSeconds: whole(0, FIVE_DAYS).default(0),
  verify: group({
    everySeconds: whole(1, 3600).default(30),
    forSeconds: whole(1, FIVE_DAYS).default(900),
  }).prefault({}),
});

const plan = group({
  name: planName.optional(),
  issuer: planName,
  owner,
  renewAt: group({
    percentOfLife: whole(1, 95).default(66),
    floorDays: whole(0, 365).default(30),
  }).prefault({}),
  acceptance: acceptance.prefault({}),
  rollout: rollout.prefault({}),
});

const appService = group({
  kind: z.literal('app-service'),
  id: z.string({ error: 'no id: it follows from site and hostName' }).optional(),
  site: word(SITE_ID, 'the ARM id of a site or slot: /subscriptions/…/providers/Microsoft.Web/sites/…'),
  certificateResource: word(
    /^[^\s/\\?#%][^/\\?#%\p{Cc}]{0,259}$/u,
    'the name of a Microsoft.Web/certificates resource',
  ),
  hostName: checked(isHostNameOrWildcard, 'a DNS host name in ASCII, or a wildcard like *.contoso.com').toLowerCase(),
  endpoint: group({
    host: checked(isHost, 'a DNS host name or an IP address').optional(),
    port: whole(1, 65_535).default(443),
    sni: hostName.optional(),
  }).prefault({}),
});

const certificate = group({
  vault: vaultName,
  name: certificateName,
  plan: planName,
  owner: owner.optional(),
  targets: listOf(union([appService]), { what: 'a list of targets' }).default([]),
});

/** The estate file as a person writes it; everything with a default may be left out. */
export const estateSchema = group({
  schema: z.literal(1, { error: '1' }).default(1),
  vaults: listOf(vault, { min: 1, what: 'a list of at least one vault' }),
  issuers: named(issuer, 'issuers by name'),
  plans: named(plan, 'plans by name'),
  certificates: listOf(certificate, { what: 'a list of certificates' }),
  network: group({
    allow: listOf(checked(isNetwork, 'an IP address or a network like 10.1.0.0/16'), {
      max: 1000,
      what: 'a list of IP addresses and networks',
    }).default([]),
  }).optional(),
});

/** The file after its defaults are filled in. */
export type EstateFile = z.output<typeof estateSchema>;
export type PlanFile = EstateFile['plans'][string];
export type CertificateFile = EstateFile['certificates'][number];
export type TargetFile = CertificateFile['targets'][number];

/** The schemas of single entries, for checks that go on although other entries are wrong. */
export const entrySchemas = { plan, issuer: issuer, certificate } as const;

function isOrigin(text: string): boolean {
  const url = httpsUrl(text);
  return url?.pathname === '/' && !/[?#]/.test(text);
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return isIP(address) !== 0 && !address.includes('%') && isPrefix && rest.length === 0;
}

function isHost(text: string): boolean {
  return isHostName(text) || isIP(text) !== 0;
}

/** The form in which Perennial compares vaults: lower case, default port and trailing slash left out. */
function plainUri(text: string): string {
  return new URL(text).origin;
}
