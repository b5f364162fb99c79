import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { readCertificate } from '../../src/certificate/read.ts';
import type { CertificateDetails } from '../../src/certificate/types.ts';
import type { EmulatorResponse } from '../emulator.ts';
import { knowsCertificateOrder } from './api-versions.ts';
import { attributesInput, type Call, ok, readBody, seconds, tagsInput, type VaultContext } from './call.ts';
import { exportOrder, type ReceivedChain, readChain } from './chain.ts';
import { badParameter } from './errors.ts';
import { addVersion } from './issuance.ts';
import { issuerOfPolicy } from './issuers.ts';
import { kindOf } from './keys.ts';
import { assertCanCreate } from './pending.ts';
import { readPfx } from './pfx-read.ts';
import {
  type ContentType,
  completePolicy,
  forApiVersion,
  type Policy,
  type PolicyInput,
  policyInput,
} from './policy.ts';
import type { CertificateRecord, Version } from './records.ts';
import { certificateBundle } from './shapes.ts';
import { renderSubject } from './subject.ts';

const importInput = z.object({
  value: z.string().min(1),
  pwd: z.string().optional(),
  policy: policyInput.optional(),
  attributes: attributesInput.optional(),
  tags: tagsInput.optional(),
  preserveCertOrder: z.boolean().optional(),
});

export function importCertificate(call: Call): EmulatorResponse {
  const { vault, name, apiVersion } = call;
  const body = readBody(importInput, call);
  assertCanCreate(vault, name);
  const file = readFile(body.value, body.pwd ?? '');
  const received = readChain(file.certificates, file.key);
  if (received === undefined) {
    throw badParameter('The specified X.509 certificate content holds no certificate that the private key belongs to.');
  }
  if (new Date(received.leaf.validTo) <= vault.now()) {
    throw badParameter('The specified X.509 certificate content has expired. Please check if certificate is valid.');
  }
  const given = forApiVersion(body.policy ?? {}, apiVersion);
  const policy = importedPolicy({ ...file, received, given, now: seconds(vault.now()) });
  issuerOfPolicy(vault, policy);
  const existing = vault.state.find(name);
  const record: CertificateRecord = existing ?? { name, policy, versions: [] };
  record.policy = policy;
  delete record.pending;
  vault.state.add(record);
  addVersion(vault, record, {
    ...newVersion(vault, { received, key: file.key, policy, created: vault.now() }),
    tags: body.tags,
    enabled: body.attributes?.enabled ?? true,
    ...(body.preserveCertOrder === true &&
      knowsCertificateOrder(apiVersion) && {
        preserveCertOrder: true,
        chain: exportOrder(received, true),
      }),
  });
  return ok(certificateBundle(call, record));
}

/** A finished version around a chain that came from outside. */
export function newVersion(
  { chance }: VaultContext,
  parts: { received: ReceivedChain; key: KeyObject; policy: Policy; created: Date },
): Version {
  const { received, key, policy, created } = parts;
  return {
    id: chance.id(),
    leaf: received.leaf,
    chain: exportOrder(received, false),
    key,
    policy,
    preserveCertOrder: false,
    created,
    updated: created,
    enabled: true,
    tags: undefined,
  };
}

interface CertificateFile {
  readonly certificates: readonly Uint8Array[];
  readonly key: KeyObject;
  readonly contentType: ContentType;
}

/** PEM shows itself; everything else must be a PKCS#12 file in base64. */
function readFile(value: string, password: string): CertificateFile {
  if (value.includes('-----BEGIN')) return readPem(value, password);
  const read = readPfx(Buffer.from(value, 'base64'), password);
  if (read.state === 'unreadable') throw badParameter(read.reason);
  const { certificates, key } = read.content;
  if (key === undefined) {
    throw badParameter('Private key is not specified in the specified X.509 PFX certificate content.');
  }
  return { certificates, key, contentType: 'application/x-pkcs12' };
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

function readPem(value: string, password: string): CertificateFile {
  const blocks = [...value.matchAll(block)].map(([text, label]) => ({ text, label }));
  const keyBlock = blocks.find(({ label }) => label === 'PRIVATE KEY' || label === 'ENCRYPTED PRIVATE KEY');
  if (keyBlock === undefined) {
    throw badParameter(
      'Private key is not specified in the specified X.509 PEM certificate content. Please specify private key in the X.509 PEM certificate content.',
    );
  }
  const certificates = blocks
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ text }) => Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
  return { certificates, key: readPemKey(keyBlock.text, password), contentType: 'application/x-pem-file' };
}

function readPemKey(key: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key, passphrase });
  } catch {
    throw badParameter('The private key in the specified X.509 PEM certificate content can not be read.');
  }
}

interface PolicySource {
  readonly received: ReceivedChain;
  readonly key: KeyObject;
  readonly contentType: ContentType;
  readonly given: PolicyInput;
  /** Unix seconds. */
  readonly now: number;
}

/** The policy of a certificate from outside: read from the certificate, where the caller says nothing else. */
export function importedPolicy({ received, key, contentType, given, now }: PolicySource): Policy {
  const details = readLeaf(received);
  const { names } = details;
  const kind = kindOf(key);
  if (kind === undefined)
    throw badParameter('The key type or size of the specified X.509 certificate is not supported.');
  const isSelfSigned = received.leaf.subject === received.leaf.issuer;
  const sans = {
    ...(names.dns.length > 0 && { dns_names: [...names.dns] }),
    ...(names.email.length > 0 && { emails: [...names.email] }),
    ...(names.upn.length > 0 && { upns: [...names.upn] }),
    ...(names.uri.length > 0 && { uris: [...names.uri] }),
    ...(names.ip.length > 0 && { ipAddresses: [...names.ip] }),
  };
  const found: PolicyInput = {
    key_props: kind.startsWith('RSA-')
      ? { kty: 'RSA', key_size: Number(kind.slice('RSA-'.length)), exportable: true }
      : { kty: 'EC', crv: kind as 'P-256', exportable: true },
    secret_props: { contentType },
    x509_props: {
      subject: renderSubject(details.subject),
      ...(Object.keys(sans).length > 0 && { sans }),
      ekus: [...details.extendedKeyUsage],
      key_usage: details.keyUsage.flatMap((usage) => (isKeyUsage(usage) ? [usage] : [])),
      validity_months: wholeMonths(details.notBefore, details.notAfter),
      basic_constraints: { ca: details.isCa },
    },
    issuer: { name: isSelfSigned ? 'Self' : 'Unknown' },
  };
  return completePolicy(given, { base: completePolicy(found, { now }), now });
}

function readLeaf({ leaf }: ReceivedChain): CertificateDetails {
  try {
    return readCertificate(leaf.raw);
  } catch {
    throw badParameter(
      'The specified X.509 certificate content can not be read. Please check if certificate is valid.',
    );
  }
}

type WireKeyUsage = NonNullable<NonNullable<PolicyInput['x509_props']>['key_usage']>[number];
const isKeyUsage = (usage: string): usage is WireKeyUsage =>
  policyInput.safeParse({ x509_props: { key_usage: [usage] } }).success;

/** Rounded up, as recorded: 60 months and a little more become 61. */
function wholeMonths(from: Date, to: Date): number {
  const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  const passed = new Date(from);
  passed.setUTCMonth(passed.getUTCMonth() + months);
  return Math.max(1, passed > to ? months : months + 1);
}
