import type { CertificateRow } from '../estate/port.ts';
import { expectedBy } from '../plan/expected-by.ts';
import type { Inspection } from '../vault/port.ts';
import { hasOtherNames } from './asked-names.ts';
import type { Place } from './place.ts';
import type { RenewalInput } from './story.ts';

/** The row of a certificate that nothing is known of but what the estate file says. */
export function newRow(place: Place): CertificateRow {
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

/** What the vault and the estate file say now. */
export function knownOf(place: Place, facts: Inspection): Partial<CertificateRow> {
  const version = facts.state === 'present' ? facts.current : undefined;
  return {
    plan: place.plan.name,
    owner: place.certificate.owner,
    ...(version && { expectedVersion: version.version, notAfter: version.notAfter }),
  };
}

/**
 * Notes the version that the vault has made by itself with `issuerName`, the plan's issuer inside the vault: it is current, and
 * no renewal of ours has made it. What was there at the first look is taken as it is, unless it names what nobody asked for.
 */
export function withFound(row: CertificateRow, facts: Inspection, issuerName: string | undefined): CertificateRow {
  const { found: _found, foundAfter, ...others } = row;
  if (issuerName === undefined) return others;
  const isIssuers = (of: { readonly issuer: string } | undefined) =>
    of?.issuer.toLowerCase() === issuerName.toLowerCase();
  if (facts.state === 'absent' || facts.current === undefined || !isIssuers(facts.policy)) return row;
  const { version } = facts.current;
  if (row.expectedVersion === undefined)
    return isIssuers(facts.pending) && hasOtherNames(facts) ? { ...row, found: version } : row;
  if (row.expectedVersion === version) return row;
  return { ...row, found: version, foundAfter: foundAfter ?? row.expectedVersion };
}

/** The row with the next attempt allocated to the renewal that `input` starts. */
export function claimedRow(
  row: CertificateRow,
  claim: { readonly place: Place; readonly facts: Inspection; readonly input: RenewalInput; readonly now: Date },
): CertificateRow {
  const { place, facts, input, now } = claim;
  const { requester: _requester, traceparent: _traceparent, ...kept } = withoutAttempt(row);
  return {
    ...kept,
    ...knownOf(place, facts),
    state: 'renewing',
    attempt: row.attempt + 1,
    renewalId: input.renewalId,
    startReason: input.reason,
    ...(input.scope !== undefined && { startScope: input.scope }),
    ...(input.requester !== undefined && { requester: input.requester }),
    ...(input.traceparent !== undefined && { traceparent: input.traceparent }),
    lastAttemptAt: now.toISOString(),
    expectedBy: expectedBy(now, { plan: place.plan, targets: place.certificate.targets.length }).toISOString(),
  };
}

/** The row without what the CA of an earlier version wished. */
export function withoutWindow(row: CertificateRow): CertificateRow {
  const { windowOf: _of, windowStart: _start, windowEnd: _end, ...kept } = row;
  const { windowPage: _page, askWindowAt: _ask, ...rest } = kept;
  return rest;
}

/** What a row remembers apart from one attempt: all else begins anew with the next. */
export function withoutAttempt(row: CertificateRow): CertificateRow {
  const { nextAttemptAt: _next, cancelRequested: _cancel, startScope: _scope, ...kept } = row;
  const { expectedBy: _expected, silentSince: _silent, queuedAt: _queued, ...rest } = kept;
  return rest;
}
