import type { Inspection, VersionFacts } from '../../vault/port.ts';
import { ended } from './step.ts';

/** Our CSR (base64 DER), while it waits in the vault for its certificate. */
export function waitingCsr(facts: Inspection, csrSha256: string): string | undefined {
  const pending = facts.state === 'present' ? facts.pending : undefined;
  return pending?.csrSha256 === csrSha256 && pending.status === 'inProgress' ? pending.csr : undefined;
}

interface Begun {
  readonly csrSha256: string;
  /** Whether a version is the one that was current when the renewal began. */
  readonly isOld: (current: VersionFacts) => boolean;
}

/**
 * The end of a renewal whose CSR waits no longer, though it has merged nothing: the certificate was deleted, or another
 * version is current, because somebody merged by hand or the vault renewed it by itself, and what is current is for the
 * next renewal to judge. Else somebody took the request away.
 */
export function requestGone(facts: Inspection, { csrSha256, isOld }: Begun) {
  if (facts.state === 'absent')
    return ended('not-needed', 'gone', 'the certificate was deleted while this renewal ran');
  const { pending } = facts;
  const isUsed = pending?.csrSha256 === csrSha256 && pending.status === 'completed';
  return (
    replaced(facts, isOld) ??
    (isUsed
      ? notCurrent()
      : ended('failed', 'step-failed', 'the pending request in the vault is no longer the one that was made'))
  );
}

/** The end of a renewal when the vault has another current version than any that the renewal knows. */
export function replaced(facts: Inspection, isKnown: (current: VersionFacts) => boolean) {
  const current = facts.state === 'present' ? facts.current : undefined;
  return current === undefined || isKnown(current) ? undefined : notCurrent();
}

function notCurrent() {
  return ended('not-needed', 'not-current', 'another version became current while this renewal ran');
}
