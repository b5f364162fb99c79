import { RenewalError } from '../errors.ts';
import type { CertificateRow, Versioned } from '../estate/port.ts';
import { type Decision, decide, type StartReason } from '../plan/decision.ts';
import { issuerInVault } from '../plan/issuers/partner.ts';
import { findVault } from '../plan/look-up.ts';
import { currentTrace, inTrace, newTrace } from '../trace.ts';
import { traceIdOf } from '../trace-parent.ts';
import type { Inspection } from '../vault/port.ts';
import { claimedRow, knownOf, newRow, withFound } from './certificate-row.ts';
import type { Dependencies } from './dependencies.ts';
import { closeFromRecords, isClaimed, startAgain } from './heal.ts';
import { renewalId } from './ids.ts';
import { elsewhere } from './lease.ts';
import type { Orchestrations } from './orchestrations.ts';
import type { Outcome, Reason } from './outcomes.ts';
import { type Place, placeOf } from './place.ts';
import { isOurs } from './steps/inspect.ts';
import type { RenewalInput } from './story.ts';
import { takeTurn } from './turn.ts';
import type { WindowLook } from './window-look.ts';

/** Who wants which certificate renewed. Events, the sweep and people all come through here. */
export interface StartRequest {
  /** Name or URI of a vault. */
  readonly vault: string;
  readonly certificate: string;
  readonly reason: StartReason;
  readonly force: boolean;
  /** The version an event is about, or that is to be deployed again. */
  readonly version?: string;
  /** A person wants what is current to be deployed where it is not served yet, and does not wait for the back-off. */
  readonly resumes?: true;
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
      /** Of the renewal: of what began it, which is not always what asks now. */
      readonly traceId?: string | undefined;
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
  /** Told of every renewal that is closed by what is known of it, because no last step of its own did. */
  readonly onClosed?: (row: CertificateRow) => void;
}

const CLAIM_TRIES = 5;

/**
 * The one way a renewal starts: gather, decide, claim, start. Repeating it is harmless: the claim allocates an attempt by
 * ETag, equal claims have equal ids, and a crash after the claim is healed by the next call. Only vaults of the estate
 * are ever asked.
 */
export async function startRenewal(
  request: StartRequest,
  app: StartDependencies,
  windows?: WindowLook,
): Promise<Started> {
  const hold = await app.lease.hold();
  if (hold.state === 'elsewhere') return outside('another-app', elsewhere(hold));
  const estate = await app.estate();
  const vault = findVault(estate, request.vault);
  if (vault === undefined) return outside('vault-outside-estate', `vault ${request.vault} is not in the estate file`);
  const place = placeOf(estate, vault.name, request.certificate);
  if (place === undefined)
    return outside('not-in-estate', `${vault.name}/${request.certificate} is not in the estate file`);
  for (let attempt = 1; attempt <= CLAIM_TRIES; attempt++) {
    try {
      return await decideAndClaim({ request, place, windows }, app);
    } catch (error) {
      if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
    }
  }
  throw new RenewalError(
    'storage-conflict',
    `start: claim lost ${CLAIM_TRIES} times: ${vault.name}/${request.certificate}`,
  );
}

interface Asked {
  readonly request: StartRequest;
  readonly place: Place;
  /** Who asks the CA; absent: what it said last is what counts. */
  readonly windows: WindowLook | undefined;
}

async function decideAndClaim({ request, place, windows }: Asked, app: StartDependencies): Promise<Started> {
  const settled = await settle(await app.store.certificate(place.vault.name, place.certificate.name), app);
  if ('running' in settled) return settled.running;
  const { found } = settled;
  const ref = { vault: place.vault.uri, name: place.certificate.name };
  const facts = await app.vault.inspect(ref);
  const issuerName = issuerInVault(await app.estate(), place.plan.issuer);
  const pendingIsOurs = await isOurs(app, { vault: place.vault.name, ref, facts, issuerName });
  const known = withFound(found?.row ?? newRow(place), facts, issuerName);
  const row = (await windows?.lookUp(known, place, facts)) ?? known;
  const { reason, force, version, resumes } = request;
  const decision = decide({
    now: app.clock.now(),
    request: { reason, force, version, resumes },
    plan: place.plan,
    facts,
    row,
    pendingIsOurs,
  });
  const gathered = { request, place, facts, found, row };
  switch (decision.action) {
    case 'renew': {
      // A person does not wait, and a deployment makes no key.
      const isFree = reason === 'manual' || decision.scope !== 'whole';
      const now = isFree ? app.clock.now() : await takeTurn(place.vault.name, app);
      return now === undefined ? queue(gathered, decision, app) : claim({ ...gathered, now }, decision, app);
    }
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

/** The row with nothing running, or what runs: a claim whose instance is gone is started again, one that ended is closed. */
async function settle(
  found: Versioned<CertificateRow> | undefined,
  app: StartDependencies,
): Promise<{ readonly running: Started } | { readonly found: Versioned<CertificateRow> | undefined }> {
  if (!isClaimed(found)) return { found };
  const { renewalId, vault, name: certificate, traceparent } = found.row;
  const instance = await app.orchestrations.find(renewalId);
  if (instance?.state === 'finished') return { found: await closeFromRecords(found, { instance }, app) };
  if (instance === undefined) await startAgain(found, app);
  return { running: { state: 'running', renewalId, vault, certificate, traceId: traceIdOf(traceparent) } };
}

/** The ETag update that allocates the attempt is the claim: of several starters one wins, the others read its id. */
async function claim(
  { request, place, facts, found, row, now }: Gathered & { readonly now: Date },
  { reason, scope }: Extract<Decision, { action: 'renew' }>,
  app: StartDependencies,
): Promise<Started> {
  const id = idOf(place, facts, row.attempt + 1);
  const names = { vault: place.vault.name, certificate: place.certificate.name };
  const { force, requester, comment } = request;
  const version = facts.state === 'present' ? facts.current?.version : undefined;
  const what = {
    ...(scope !== 'whole' && { scope: 'deploy' as const }),
    ...(scope === 'adopt' && version !== undefined && { adopts: version }),
    ...(reason === 'window-opened' && version !== undefined && { windowOf: version }),
  };
  const by = { ...(requester !== undefined && { requester }), ...(comment !== undefined && { comment }) };
  const traceparent = currentTrace() ?? queuedTrace(row) ?? newTrace(`${id} ${now.toISOString()}`);
  const input: RenewalInput = { renewalId: id, ...names, reason, force, ...what, ...by, traceparent };
  await inTrace(traceparent, async () => {
    await app.store.saveCertificate(claimedRow(row, { place, facts, input, now }), found?.etag);
    await app.orchestrations.start(input);
  });
  return { state: 'started', renewalId: id, ...names, traceId: traceIdOf(traceparent) };
}

/** The trace of what made it wait for its turn: whoever starts it goes on with that. */
function queuedTrace({ queuedAt, traceparent }: CertificateRow): string | undefined {
  return queuedAt === undefined ? undefined : traceparent;
}

/** Nothing runs until the renewal point: it is written to the row, and the sweep comes back for it. */
async function remember(
  { place, facts, found, row }: Gathered,
  decision: Extract<Decision, { action: 'wait' }>,
  app: StartDependencies,
): Promise<Started> {
  const { dueAt, reason, detail, waitUntil } = decision;
  const { queuedAt: _queued, ...rest } = row;
  const known: CertificateRow = { ...rest, ...knownOf(place, facts), dueAt };
  if (JSON.stringify(known) !== JSON.stringify(found?.row)) await app.store.saveCertificate(known, found?.etag);
  return { state: 'waiting', outcomeReason: reason, dueAt: waitUntil ?? dueAt, detail };
}

/** It is due, and others of its vault go first: the watchdog takes it from the row, the most urgent before all others. */
async function queue(
  { place, facts, found, row }: Gathered,
  { dueAt }: Extract<Decision, { action: 'renew' }>,
  app: StartDependencies,
): Promise<Started> {
  const now = app.clock.now().toISOString();
  const { traceparent: _last, ...rest } = row;
  const traceparent = currentTrace();
  const asked = { ...rest, ...(traceparent !== undefined && { traceparent }) };
  const queued: CertificateRow = { ...asked, ...knownOf(place, facts), dueAt, queuedAt: row.queuedAt ?? now };
  if (row.queuedAt === undefined) await app.store.saveCertificate(queued, found?.etag);
  const detail = `As many renewals of ${place.vault.name} as may start at once have started; it waits since ${queued.queuedAt}.`;
  return { state: 'waiting', outcomeReason: 'queued', dueAt, detail };
}

/** The refusal is journalled under the id that the attempt would have had; asking again adds nothing. */
async function refuse(
  { request, place, facts, found, row }: Gathered,
  decision: Extract<Decision, { action: 'refuse' }>,
  app: StartDependencies,
): Promise<Started> {
  const id = idOf(place, facts, row.attempt + 1);
  const { outcome, reason: outcomeReason, detail } = decision;
  const at = app.clock.now().toISOString();
  const { reason, version, requester, comment } = request;
  const asked = { vault: place.vault.name, certificate: place.certificate.name, reason, version, requester, comment };
  const facts_ = { ...asked, outcome, outcomeReason, detail, traceId: traceIdOf(currentTrace()) };
  await app.journal.append(id, {
    key: `start:${outcomeReason}:${reason}`,
    at,
    kind: 'decision',
    step: 'start',
    facts: facts_,
  });
  if (row.queuedAt !== undefined || row.askWindowAt !== found?.row.askWindowAt) {
    const { queuedAt: _queued, ...rest } = row;
    await app.store.saveCertificate(rest, found?.etag);
  }
  return { state: 'refused', outcome, outcomeReason, detail, renewalId: id };
}

function outside(outcomeReason: 'vault-outside-estate' | 'not-in-estate' | 'another-app', detail: string): Started {
  return { state: 'refused', outcome: 'refused', outcomeReason, detail };
}

function idOf(place: Place, facts: Inspection, attempt: number): string {
  const version = facts.state === 'present' ? facts.current?.version : undefined;
  return renewalId({ vault: place.vault.uri, name: place.certificate.name, version, attempt });
}
