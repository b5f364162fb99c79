import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { knowsCertificateOrder } from './api-versions.ts';
import { attributesInput, type Call, ok, readBody, seconds, tagsInput, type VaultContext } from './call.ts';
import { readChain } from './chain.ts';
import { makeRequest } from './csr.ts';
import {
  badParameter,
  invalidProperty,
  keyMismatch,
  mergeForbidden,
  nameInUse,
  pendingInProgress,
  pendingNotFound,
} from './errors.ts';
import { completePending, scheduleCancellation, scheduleSelf } from './issuance.ts';
import { issuerOfPolicy } from './issuers.ts';
import { makeKey } from './keys.ts';
import { schedulePartner, scheduleWithdrawal } from './partner.ts';
import { completePolicy, forApiVersion, keyKind, type Policy, policyInput } from './policy.ts';
import type { CertificateRecord, Pending, Tags } from './records.ts';
import { certificateBundle, certificateId, operationShape } from './shapes.ts';
import { currentVersion } from './state.ts';
import type { Transaction } from './throttle.ts';

const RETRY_AFTER = { 'retry-after': '10' };

const createInput = z.object({
  policy: policyInput.optional(),
  attributes: attributesInput.optional(),
  tags: tagsInput.optional(),
  preserveCertOrder: z.boolean().optional(),
});

export async function createCertificate(call: Call): Promise<EmulatorResponse> {
  const { vault, name, apiVersion } = call;
  const body = readBody(createInput, call);
  const existing = vault.state.find(name);
  assertCanCreate(vault, name);
  const now = seconds(vault.now());
  const given = body.policy && forApiVersion(body.policy, apiVersion);
  const policy = given === undefined ? existing?.policy : completePolicy(given, { now });
  if (policy === undefined) throw invalidProperty('policy', 'A new certificate needs a policy.');
  if (issuerOfPolicy(vault, policy)?.enabled === false) throw badParameter('The issuer of the policy is disabled.');
  vault.charge(costOf(existing, policy));
  const record = await openPending(vault, name, {
    policy,
    tags: body.tags,
    enabled: body.attributes?.enabled ?? true,
    preserveCertOrder: knowsCertificateOrder(apiVersion) && body.preserveCertOrder === true,
  });
  const { pending } = record;
  const query = `api-version=${apiVersion}&request_id=${pending.requestId}`;
  const location = `${certificateId(vault, record.name)}/pending?${query}`;
  return jsonResponse(202, operationShape(call, record, pending), { location, ...RETRY_AFTER });
}

/** A key that is used again is not created. */
function costOf(existing: CertificateRecord | undefined, policy: Policy): Transaction {
  const { reuse_key, kty } = policy.key_props;
  if (reuse_key && existing !== undefined && existing.versions.length > 0) return { kind: 'other' };
  return { kind: 'key-create', key: keyKind(policy), hsm: kty.endsWith('-HSM') };
}

/** Throws where nothing new may be made under this name now. */
export function assertCanCreate(vault: VaultContext, name: string): void {
  vault.state.assertNameIsFree(name, vault.now());
  if (vault.state.keys.get(name) !== undefined) throw nameInUse('certificate', name, 'key');
  if (vault.state.secrets.get(name) !== undefined) throw nameInUse('certificate', name, 'secret');
  const isBusy = vault.state.creating.has(name.toLowerCase());
  if (isBusy || vault.state.find(name)?.pending?.status === 'inProgress') throw pendingInProgress();
}

export interface NewPending {
  readonly policy: Policy;
  readonly tags?: Tags | undefined;
  readonly enabled: boolean;
  readonly preserveCertOrder: boolean;
}

/** Makes the key, the request and the operation. The key is made here, so that each try has another one. */
export async function openPending(
  vault: VaultContext,
  name: string,
  wanted: NewPending,
): Promise<CertificateRecord & { pending: Pending }> {
  const { state } = vault;
  const lock = name.toLowerCase();
  state.creating.add(lock);
  try {
    const key = await keyFor(vault, name, wanted.policy);
    // Somebody may have deleted the certificate while the key was made.
    state.assertNameIsFree(name, vault.now());
    const pending: Pending = {
      ...wanted,
      tags: wanted.tags,
      version: vault.chance.id(),
      requestId: vault.chance.id(),
      key,
      csr: makeRequest(wanted.policy, key, { sign: vault.chance.sign }),
      created: vault.now(),
      cancellationRequested: false,
      status: 'inProgress',
    };
    const issuer = issuerOfPolicy(vault, wanted.policy);
    const record = state.find(name) ?? { name, policy: wanted.policy, versions: [] };
    const updated = Object.assign(record, { policy: wanted.policy, pending });
    if (updated.versions.length === 0) updated.shell = pending;
    state.add(updated);
    if (wanted.policy.issuer.name === 'Self') scheduleSelf(vault, updated, pending);
    if (issuer !== undefined) schedulePartner(vault, { record: updated, pending, issuer });
    return updated;
  } finally {
    state.creating.delete(lock);
  }
}

async function keyFor(vault: VaultContext, name: string, policy: Policy): Promise<KeyObject> {
  const record = vault.state.find(name);
  const current = record && currentVersion(record);
  if (policy.key_props.reuse_key && current !== undefined) return current.key;
  const kind = keyKind(policy);
  return vault.options.keyPool?.take(kind) ?? (await makeKey(kind));
}

function requirePending({ vault, name, query }: Call): CertificateRecord & { pending: Pending } {
  const record = vault.state.find(name);
  const pending = record?.pending;
  if (record === undefined || pending === undefined) throw pendingNotFound(name);
  const requestId = query.get('request_id');
  if (requestId !== null && requestId !== pending.requestId) throw pendingNotFound(name);
  return Object.assign(record, { pending });
}

export function getPending(call: Call): EmulatorResponse {
  const record = requirePending(call);
  const { pending } = record;
  const isWaiting = pending.status === 'inProgress' && pending.policy.issuer.name !== 'Unknown';
  return ok(operationShape(call, record, pending), isWaiting ? RETRY_AFTER : {});
}

const cancelInput = z.object({ cancellation_requested: z.literal(true) });

export function cancelPending(call: Call): EmulatorResponse {
  const record = requirePending(call);
  const { pending } = record;
  readBody(cancelInput, call);
  if (pending.status !== 'inProgress') {
    throw badParameter(`Pending certificate can not be cancelled in status ${pending.status}.`);
  }
  pending.cancellationRequested = true;
  const issuer = call.vault.state.issuers.get(pending.policy.issuer.name);
  if (issuer === undefined) scheduleCancellation(call.vault, record, pending);
  else scheduleWithdrawal(call.vault, { record, pending, issuer });
  return ok(operationShape(call, record, pending));
}

export function deletePending(call: Call): EmulatorResponse {
  const record = requirePending(call);
  const answer = operationShape(call, record, record.pending);
  delete (record as CertificateRecord).pending;
  return ok(answer);
}

const mergeInput = z.object({
  x5c: z.array(z.base64()).min(1),
  attributes: attributesInput.optional(),
  tags: tagsInput.optional(),
});

export function mergePending(call: Call): EmulatorResponse {
  const { vault, apiVersion } = call;
  const body = readBody(mergeInput, call);
  const record = requirePending(call);
  const { pending } = record;
  // A completed operation waits for nothing any more.
  if (pending.status === 'completed') throw pendingNotFound(record.name);
  const issuer = pending.policy.issuer.name;
  if (pending.status === 'inProgress' && issuer !== 'Unknown') throw mergeForbidden(issuer);
  const ders = body.x5c.map((der) => Buffer.from(der, 'base64'));
  const received = readChain(ders, pending.key);
  if (received === undefined) throw keyMismatch();
  completePending(vault, record, { received, tags: body.tags, enabled: body.attributes?.enabled });
  const location = `${certificateId(vault, record.name)}?api-version=${apiVersion}`;
  return jsonResponse(201, certificateBundle(call, record), { location });
}
