import { isIP } from 'node:net';
import { z } from 'zod';
import { keyTypes } from '../certificate/types.ts';
import { issuer } from './issuers/issuer.ts';
import {
  checked,
  choice,
  group,
  httpsUrl,
  keys,
  listOf,
  named,
  planName,
  RESOURCE,
  whole,
  word,
} from './schema-parts.ts';
import { tagsByName } from './targets/every-target.ts';
import { target } from './targets/target.ts';

const VAULT_ID = new RegExp(`^${RESOURCE}Microsoft\\.KeyVault/vaults/[a-z0-9-]{3,24}$`, 'i');
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

/** Which one of the first three it has is for `planProblems` to see. */
const wave = group({
  count: whole(1, 100_000).optional(),
  percent: whole(1, 100).optional(),
  tag: tagsByName.optional(),
  failureBudget: whole(0, 1000).optional(),
  soakSeconds: whole(0, FIVE_DAYS).optional(),
});

const rollout = group({
  wavePercent: listOf(whole(1, 100), { min: 1, max: 10, what: 'a list like [10, 50, 100]' }).optional(),
  waves: listOf(wave, { min: 1, max: 20, what: 'a list of waves like [{ count: 1 }, { percent: 50 }]' }).optional(),
  failureBudget: whole(0, 1000).default(0),
  soakSeconds: whole(0, FIVE_DAYS).default(0),
  oldVersion: choice(['keep', 'disable']).default('keep'),
  perSubscription: whole(1, 5000).default(1000),
  writePercent: whole(1, 100).default(90),
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

const certificate = group({
  vault: vaultName,
  name: certificateName,
  plan: planName,
  owner: owner.optional(),
  targets: listOf(target, { what: 'a list of targets' }).default([]),
  discover: z.boolean({ error: 'true or false' }).default(false),
});

/** The estate file as a person writes it; everything with a default may be left out. */
export const estateSchema = group({
  schema: z.literal(1, { error: '1' }).default(1),
  vaults: listOf(vault, { min: 1, what: 'a list of at least one vault' }),
  issuers: named(issuer, 'issuers by name'),
  plans: named(plan, 'plans by name'),
  certificates: listOf(certificate, { what: 'a list of certificates' }),
  subscriptions: listOf(word(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'the id of a subscription: a GUID'), {
    max: 1000,
    what: 'a list of ids of subscriptions',
  }).optional(),
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
export type WaveFile = NonNullable<PlanFile['rollout']['waves']>[number];
export type CertificateFile = EstateFile['certificates'][number];

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

/** The form in which Perennial compares vaults: lower case, default port and trailing slash left out. */
function plainUri(text: string): string {
  return new URL(text).origin;
}
