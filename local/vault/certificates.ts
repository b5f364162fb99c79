import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { attributesInput, type Call, ok, readBody, seconds, tagsInput } from './call.ts';
import { notFound } from './errors.ts';
import { issuerOfPolicy } from './issuers.ts';
import { paged } from './paging.ts';
import { completePolicy, forApiVersion, type Policy, type PolicyInput, policyInput } from './policy.ts';
import type { CertificateRecord, Version } from './records.ts';
import { certificateBundle, listItem, policyShape, versionBundle } from './shapes.ts';
import { currentVersion } from './state.ts';

/** The version that a path names: empty is the newest. */
export function findVersion(record: CertificateRecord, version: string): Version | undefined {
  if (version === '') return currentVersion(record);
  return record.versions.find(({ id }) => id === version.toLowerCase());
}

export function getCertificate(call: Call): EmulatorResponse {
  const { vault, name, version } = call;
  const record = vault.state.require(name);
  if (version === '') return ok(certificateBundle(call, record));
  const found = findVersion(record, version);
  if (found === undefined) throw notFound('certificate', `${name}/${version}`);
  return ok(versionBundle(call, record, found));
}

const updateInput = z.object({
  policy: policyInput.optional(),
  attributes: attributesInput.optional(),
  tags: tagsInput.optional(),
});

export function updateCertificate(call: Call): EmulatorResponse {
  const { vault, name, version } = call;
  const body = readBody(updateInput, call);
  const record = vault.state.require(name);
  const found = findVersion(record, version);
  if (found === undefined) throw notFound('certificate', version === '' ? name : `${name}/${version}`);
  if (body.policy !== undefined) adopt(call, record, changedPolicy(call, record, body.policy));
  if (body.attributes?.enabled !== undefined) found.enabled = body.attributes.enabled;
  if (body.tags !== undefined) found.tags = body.tags;
  found.updated = vault.now();
  return ok(version === '' ? certificateBundle(call, record) : versionBundle(call, record, found));
}

/** A changed policy, or Azure's refusal of it; nothing is changed yet. */
function changedPolicy({ vault, apiVersion }: Call, record: CertificateRecord, input: PolicyInput): Policy {
  const known = forApiVersion(input, apiVersion);
  const policy = completePolicy(known, { base: record.policy, now: seconds(vault.now()) });
  issuerOfPolicy(vault, policy);
  return policy;
}

/** A changed lifetime action holds at once for the certificate that is there. */
function adopt({ vault }: Call, record: CertificateRecord, policy: Policy): void {
  record.policy = policy;
  vault.watchLifetime(record);
}

export function getPolicy(call: Call): EmulatorResponse {
  return ok(policyShape(call, call.vault.state.require(call.name)));
}

export function updatePolicy(call: Call): EmulatorResponse {
  const record = call.vault.state.require(call.name);
  adopt(call, record, changedPolicy(call, record, readBody(policyInput, call)));
  return ok(policyShape(call, record));
}

export function listCertificates(call: Call): EmulatorResponse {
  const includePending = call.query.get('includePending')?.toLowerCase() === 'true';
  const shown = call.vault.state.all().filter((record) => includePending || record.versions.length > 0);
  return ok(paged(call, shown, { key: ({ name }) => name, item: (record) => listItem(call, record) }));
}

export function listVersions(call: Call): EmulatorResponse {
  const record = call.vault.state.find(call.name);
  if (record === undefined) return ok({ value: [], nextLink: null });
  // In the recordings versions come in the order of their ids.
  const item = (version: Version): object => listItem(call, record, version);
  return ok(paged(call, record.versions, { key: ({ id }) => id, item }));
}
