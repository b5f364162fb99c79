import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { attributesInput, type Call, ok, readBody, seconds, tagsInput } from './call.ts';
import { issuerNotFound, notFound } from './errors.ts';
import { paged } from './paging.ts';
import { completePolicy, type Policy, type PolicyInput, policyInput } from './policy.ts';
import { certificateBundle, listItem, policyShape, versionBundle } from './shapes.ts';
import { type CertificateRecord, currentVersion, type Version } from './state.ts';

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
  if (body.policy !== undefined) record.policy = changedPolicy(call, record, body.policy);
  if (body.attributes?.enabled !== undefined) found.enabled = body.attributes.enabled;
  if (body.tags !== undefined) found.tags = body.tags;
  found.updated = vault.now();
  return ok(version === '' ? certificateBundle(call, record) : versionBundle(call, record, found));
}

function changedPolicy({ vault }: Call, record: CertificateRecord, input: PolicyInput): Policy {
  const policy = completePolicy(input, { base: record.policy, now: seconds(vault.now()) });
  if (!['Self', 'Unknown'].includes(policy.issuer.name)) throw issuerNotFound();
  return policy;
}

export function getPolicy({ vault, name }: Call): EmulatorResponse {
  return ok(policyShape(vault, vault.state.require(name)));
}

export function updatePolicy(call: Call): EmulatorResponse {
  const record = call.vault.state.require(call.name);
  record.policy = changedPolicy(call, record, readBody(policyInput, call));
  return ok(policyShape(call.vault, record));
}

export function listCertificates(call: Call): EmulatorResponse {
  const includePending = call.query.get('includePending')?.toLowerCase() === 'true';
  const shown = call.vault.state.all().filter((record) => includePending || record.versions.length > 0);
  return ok(
    paged(
      call,
      shown.map((record) => listItem(call, record)),
    ),
  );
}

export function listVersions(call: Call): EmulatorResponse {
  const record = call.vault.state.find(call.name);
  // In the recordings versions come in the order of their ids.
  const versions = [...(record?.versions ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
  const items = record === undefined ? [] : versions.map((version) => listItem(call, record, version));
  return ok(paged(call, items));
}
