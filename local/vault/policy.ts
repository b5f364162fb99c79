import { isIP } from 'node:net';
import { z } from 'zod';
import { type KeyUsage, keyUsages } from '../transport/x509.ts';
import { type ApiVersion, knowsAddressNames } from './api-versions.ts';
import { invalidProperty } from './errors.ts';
import type { CurveName, KeyKind } from './keys.ts';
import { parseSubject } from './subject.ts';

const keyTypes = ['RSA', 'RSA-HSM', 'EC', 'EC-HSM'] as const;
const contentTypes = ['application/x-pkcs12', 'application/x-pem-file'] as const;
export type ContentType = (typeof contentTypes)[number];

const texts = z.array(z.string().min(1));
const lifetimeAction = z.object({
  trigger: z.object({
    lifetime_percentage: z.int().min(1).max(99).optional(),
    days_before_expiry: z.int().min(1).optional(),
  }),
  action: z.object({ action_type: z.enum(['AutoRenew', 'EmailContacts']) }),
});

/** A policy as a client sends it, whole or in part, in the names of the wire. */
export const policyInput = z.object({
  key_props: z
    .object({
      exportable: z.boolean(),
      kty: z.enum(keyTypes),
      key_size: z.int(),
      reuse_key: z.boolean(),
      crv: z.enum(['P-256', 'P-384', 'P-521', 'P-256K']),
    })
    .partial()
    .optional(),
  secret_props: z
    .object({ contentType: z.enum(contentTypes) })
    .partial()
    .optional(),
  x509_props: z
    .object({
      subject: z.string(),
      sans: z.object({ emails: texts, dns_names: texts, upns: texts, uris: texts, ipAddresses: texts }).partial(),
      ekus: texts,
      key_usage: z.array(z.enum(keyUsages)),
      validity_months: z.int().min(1).max(1200),
      basic_constraints: z.object({ ca: z.boolean() }),
    })
    .partial()
    .optional(),
  lifetime_actions: z.array(lifetimeAction).optional(),
  issuer: z
    .object({ name: z.string().min(1), cty: z.string(), cert_transparency: z.boolean() })
    .partial()
    .optional(),
});
export type PolicyInput = z.infer<typeof policyInput>;

/** A complete policy, in the names of the wire. */
export interface Policy {
  readonly key_props: {
    readonly exportable: boolean;
    readonly kty: (typeof keyTypes)[number];
    readonly key_size: number;
    readonly reuse_key: boolean;
    readonly crv?: CurveName;
  };
  readonly secret_props: { readonly contentType: ContentType };
  readonly x509_props: {
    readonly subject: string;
    readonly sans?: NonNullable<NonNullable<PolicyInput['x509_props']>['sans']>;
    readonly ekus: readonly string[];
    readonly key_usage: readonly KeyUsage[];
    readonly validity_months: number;
    readonly basic_constraints: { readonly ca: boolean };
  };
  readonly lifetime_actions: NonNullable<PolicyInput['lifetime_actions']>;
  readonly issuer: { readonly name: string; readonly cty?: string; readonly cert_transparency?: boolean };
  readonly attributes: { readonly enabled: boolean; readonly created: number; readonly updated: number };
}

export interface PolicyContext {
  /** What omitted members are taken from; absent: Azure's defaults. */
  readonly base?: Policy | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** Fills a policy in and checks it. Throws `BadParameter`. */
export function completePolicy(input: PolicyInput, { base, now }: PolicyContext): Policy {
  const issuer = issuerOf(input, base);
  const policy: Policy = {
    key_props: keyProperties(input.key_props, base?.key_props),
    secret_props: {
      contentType: input.secret_props?.contentType ?? base?.secret_props.contentType ?? 'application/x-pkcs12',
    },
    x509_props: certificateProperties(input.x509_props, base?.x509_props),
    lifetime_actions: input.lifetime_actions ?? base?.lifetime_actions ?? defaultActions(issuer.name),
    issuer,
    attributes: { enabled: true, created: base?.attributes.created ?? now, updated: now },
  };
  checkLifetime(policy);
  return policy;
}

/** A policy as a version of the API knows it: what is newer is neither read nor shown. */
export function forApiVersion<T extends PolicyInput | Policy>(policy: T, version: ApiVersion): T {
  const sans = policy.x509_props?.sans;
  if (sans === undefined || knowsAddressNames(version)) return policy;
  const { uris: _uris, ipAddresses: _addresses, ...known } = sans;
  return { ...policy, x509_props: { ...policy.x509_props, sans: known } };
}

/** Which key the policy asks for. */
export function keyKind({ key_props }: Policy): KeyKind {
  return key_props.crv ?? (`RSA-${key_props.key_size}` as KeyKind);
}

const defaultActions = (issuer: string): Policy['lifetime_actions'] => [
  {
    trigger: { lifetime_percentage: 80 },
    action: { action_type: issuer === 'Self' ? 'AutoRenew' : 'EmailContacts' },
  },
];

function issuerOf({ issuer }: PolicyInput, base: Policy | undefined): Policy['issuer'] {
  const name = issuer?.name ?? base?.issuer.name ?? 'Unknown';
  const known = ['Self', 'Unknown'].find((one) => one.toLowerCase() === name.toLowerCase());
  const { cty = base?.issuer.cty, cert_transparency = base?.issuer.cert_transparency } = issuer ?? {};
  return {
    name: known ?? name,
    ...(cty !== undefined && { cty }),
    ...(cert_transparency !== undefined && { cert_transparency }),
  };
}

const curveBits: Readonly<Record<CurveName, number>> = { 'P-256': 256, 'P-384': 384, 'P-521': 521, 'P-256K': 256 };

function keyProperties(input: PolicyInput['key_props'], base: Policy['key_props'] | undefined): Policy['key_props'] {
  const kty = input?.kty ?? base?.kty ?? (input?.crv === undefined ? 'RSA' : 'EC');
  const isHsm = kty.endsWith('-HSM');
  const exportable = input?.exportable ?? base?.exportable ?? !isHsm;
  const common = { exportable, kty, reuse_key: input?.reuse_key ?? base?.reuse_key ?? false };
  if (isHsm && exportable) throw invalidProperty('policy.key_props', 'A key in an HSM can not be exportable.');
  if (kty.startsWith('EC')) {
    const crv = input?.crv ?? base?.crv ?? 'P-256';
    return { ...common, key_size: curveBits[crv], crv };
  }
  const key_size = input?.key_size ?? (base?.crv === undefined ? base?.key_size : undefined) ?? 2048;
  if (![2048, 3072, 4096].includes(key_size)) {
    throw invalidProperty('policy.key_props.key_size', 'Supported RSA key sizes are 2048, 3072 and 4096.');
  }
  return { ...common, key_size };
}

function certificateProperties(
  input: PolicyInput['x509_props'],
  base: Policy['x509_props'] | undefined,
): Policy['x509_props'] {
  // A client that changes a part of a policy sends an empty `sans` for one it does not mention.
  const sentSans = input?.sans;
  const isEmpty = sentSans === undefined || Object.keys(sentSans).length === 0;
  const sans = isEmpty ? (base?.sans ?? sentSans) : sentSans;
  const subject = input?.subject ?? base?.subject ?? '';
  if (parseSubject(subject) === undefined) {
    throw invalidProperty('policy.x509_props', 'Invalid X.500 distinguished name');
  }
  if (subject === '' && Object.values(sans ?? {}).flat().length === 0) {
    throw invalidProperty('policy.x509_props', 'Either subject or subject alternative names must be given.');
  }
  if (sans?.ipAddresses?.some((address) => isIP(address) === 0)) {
    throw invalidProperty('policy.x509_props.sans.ipAddresses');
  }
  const usage = input?.key_usage ?? base?.key_usage ?? ['digitalSignature', 'keyEncipherment'];
  return {
    subject,
    ...(sans !== undefined && { sans }),
    ekus: input?.ekus ?? base?.ekus ?? ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    key_usage: [...usage].sort(),
    validity_months: input?.validity_months ?? base?.validity_months ?? 12,
    basic_constraints: input?.basic_constraints ?? base?.basic_constraints ?? { ca: false },
  };
}

function checkLifetime({ lifetime_actions, x509_props }: Policy): void {
  for (const { trigger } of lifetime_actions) {
    if ((trigger.days_before_expiry ?? 0) > x509_props.validity_months * 27) {
      throw invalidProperty(
        'policy.lifetime_actions',
        'days_before_expiry is longer than the life of the certificate.',
      );
    }
  }
}
