import { RenewalError } from '../errors.ts';
import type { CertificateRow, Versioned } from '../estate/port.ts';
import { type Decision, decide, type StartReason } from '../plan/decision.ts';
import { findVault } from '../plan/look-up.ts';
import type { Inspection } from '../vault/port.ts';
import type { Dependencies } from './dependencies.ts';
import { renewalId } from './ids.ts';
import type { Orchestrations } from './orchestrations.ts';
import type { Outcome, Reason } from './outcomes.ts';
import { type Place, placeOf } from './place.ts';
import { isOurs } from './steps/inspect.ts';
import type { RenewalInput } from './story.ts';

/** Who wants which certificate renewed. Events, the sweep and people all come through here. */
export interface StartRequest {
  /** Name or URI of a vault. */
  readonly vault: string;
  readonly certificate: string;
  readonly reason: StartReason;
  readonly force: boolean;
  /** The version an event is about. */
  readonly version?: string;
  readonly requester?: string;
  /** What a person wrote, for the journal. */
  readonly comment?: string;
}

export type Started =
  | {
      readonly state: 'started' | 'running';
      readonly renewalId: string;
      readonly vault: string;
      readonly certificate: string;
    }
  | { readonly state: 'waiting'; readonly outcomeReason: Reason; readonly dueAt: string; readonly detail: string }
  | {
      readonly state: 'refused';
      readonly outcome: Outcome;
      readonly outcomeReason: Reason;
      readonly detail: string;
      /** Where the refusal is journalled; absent when the certificate is none of ours. */
      readonly renewalId?: string;
    };

/** What start works with, beyond what every step has. */
export interface StartDependencies extends Dependencies {
  readonly orchestrations: Orchestrations;
}

const CLAIM_TRIES = 5;

/**
 * The one way a renewal starts: gather, decide, claim, start. Repeating it is harmless: the claim allocates an attempt by
 * ETag, equal claims have equal ids, and a crash after the claim is healed by the next call. Only vaults of the estate
 * are ever asked.
 */
export async function startRenewal(request: StartRequest, app: StartDependencies): Promise<Started> {
  const estate = await app.estate();
  const vault = findVault(estate, request.vault);
  if (vault === undefined) return outside('vault-outside-estate', `vault ${request.vault} is not in the estate file`);
  const place = placeOf(estate, vault.name, request.certificate);
  if (place === undefined)
    return outside('not-in-estate', `${vault.name}/${request.certificate} is not in the estate file`);
  for (let attempt = 1; attempt <= CLAIM_TRIES; attempt++) {
    try {
      return await decideAndClaim(request, place, app);
    } catch (error) {
      if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
    }
  }
  throw new RenewalError(
    'storage-conflict',
    `start: claim lost ${CLAIM_TRIES} times: ${vault.name}/${request.certificate}`,
  );
}

async function decideAndClaim(request: StartRequest, place: Place, app: StartDependencies): Promise<Started> {
  const found = await app.store.certificate(place.vault.name, place.certificate.name);
  const running = await runningRenewal(found, place, app);
  if (running !== undefined) return running;
  const ref = { vault: place.vault.uri, name: place.certificate.name };
  const facts = await app.vault.inspect(ref);
  const pendingIsOurs = await isOurs(app, { vault: place.vault.name, ref, facts });
  const row = found === undefined ? newRow(place) : { ...found.row, state: 'idle' as const };
  const { reason, force, version } = request;
  const decision = decide({
    now: app.clock.now(),
    request: { reason, force, version },
    plan: place.plan,
    facts,
    row,
    pendingIsOurs,
  });
  const gathered = { request, place, facts, found, row };
  switch (decision.action) {
    case 'renew':
      return claim(gathered, decision.scope, app);
    case 'wait':
      return remember(gathered, decision, app);
    case 'refuse':
      return refuse(gathered, decision, app);
    default:
      return decision satisfies never;
  }
}

interface Gathered {
  readonly request: StartRequest;
  readonly place: Place;
  readonly facts: Inspection;
  readonly found: Versioned<CertificateRow> | undefined;
  readonly row: CertificateRow;
}

/** A claim whose instance runs; one whose instance was never started (a crash in between) is started now, under its id. */
async function runningRenewal(
  found: Versioned<CertificateRow> | undefined,
  place: Place,
  app: StartDependencies,
): Promise<Started | undefined> {
  if (found?.row.state !== 'renewing' || found.row.renewalId === undefined) return undefined;
  const { renewalId: id, startReason = 'sweep', startScope: scope, requester } = found.row;
  const instance = await app.orchestrations.find(id);
  if (instance?.state === 'finished') return undefined;
  const names = { vault: place.vault.name, certificate: place.certificate.name };
  if (instance === undefined) {
    const claimed = { renewalId: id, ...names, reason: startReason, force: true };
    await app.orchestrations.start({ ...claimed, ...(scope && { scope }), ...(requester && { requester }) });
  }
  return { state: 'running', renewalId: id, ...names };
}

/** The ETag update that allocates the attempt is the claim: of several starters one wins, the others read its id. */
async function claim(
  { request, place, facts, found, row }: Gathered,
  scope: 'whole' | 'deploy',
  app: StartDependencies,
): Promise<Started> {
  const attempt = row.attempt + 1;
  const id = idOf(place, facts, attempt);
  const names = { vault: place.vault.name, certificate: place.certificate.name };
  const { nextAttemptAt: _next, cancelRequested: _cancel, requester: _requester, startScope: _scope, ...kept } = row;
  const what = scope === 'deploy' ? { scope } : {};
  const claimed: CertificateRow = {
    ...kept,
    ...current(place, facts),
    state: 'renewing',
    attempt,
    renewalId: id,
    startReason: request.reason,
    ...(scope === 'deploy' && { startScope: scope }),
    ...(request.requester !== undefined && { requester: request.requester }),
    lastAttemptAt: app.clock.now().toISOString(),
  };
  await app.store.saveCertificate(claimed, found?.etag);
  const { reason, force, requester, comment } = request;
  const by = { ...(requester !== undefined && { requester }), ...(comment !== undefined && { comment }) };
  const input: RenewalInput = { renewalId: id, ...names, reason, force, ...what, ...by };
  await app.orchestrations.start(input);
  return { state: 'started', renewalId: id, ...names };
}

/** Nothing runs until the renewal point: it is written to the row, and the sweep comes back for it. */
async function remember(
  { place, facts, found, row }: Gathered,
  decision: Extract<Decision, { action: 'wait' }>,
  app: StartDependencies,
): Promise<Started> {
  const { dueAt, reason, detail, waitUntil } = decision;
  const known: CertificateRow = { ...row, ...current(place, facts), dueAt };
  if (JSON.stringify(known) !== JSON.stringify(found?.row)) await app.store.saveCertificate(known, found?.etag);
  return { state: 'waiting', outcomeReason: reason, dueAt: waitUntil ?? dueAt, detail };
}

/** The refusal is journalled under the id that the attempt would have had; asking again adds nothing. */
async function refuse(
  { request, place, facts, row }: Gathered,
  decision: Extract<Decision, { action: 'refuse' }>,
  app: StartDependencies,
): Promise<Started> {
  const id = idOf(place, facts, row.attempt + 1);
  const { outcome, reason: outcomeReason, detail } = decision;
  const at = app.clock.now().toISOString();
  const { reason, version, requester, comment } = request;
  const asked = { vault: place.vault.name, certificate: place.certificate.name, reason, version, requester, comment };
  const facts_ = { ...asked, outcome, outcomeReason, detail };
  await app.journal.append(id, {
    key: `start:${outcomeReason}:${reason}`,
    at,
    kind: 'decision',
    step: 'start',
    facts: facts_,
  });
  return { state: 'refused', outcome, outcomeReason, detail, renewalId: id };
}

function outside(outcomeReason: 'vault-outside-estate' | 'not-in-estate', detail: string): Started {
  return { state: 'refused', outcome: 'refused', outcomeReason, detail };
}

function idOf(place: Place, facts: Inspection, attempt: number): string {
  const version = facts.state === 'present' ? facts.current?.version : undefined;
  return renewalId({ vault: place.vault.uri, name: place.certificate.name, version, attempt });
}

/** What the vault and the estate file say now. */
function current(place: Place, facts: Inspection): Partial<CertificateRow> {
  const version = facts.state === 'present' ? facts.current : undefined;
  return {
    plan: place.plan.name,
    owner: place.certificate.owner,
    ...(version && { expectedVersion: version.version, notAfter: version.notAfter }),
  };
}

function newRow(place: Place): CertificateRow {
  return {
    vault: place.vault.name,
    name: place.certificate.name.toLowerCase(),
    plan: place.plan.name,
    owner: place.certificate.owner,
    state: 'idle',
    attempt: 0,
    failedAttempts: 0,
  };
}
