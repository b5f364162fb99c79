import { RenewalError } from '../errors.ts';
import type { CertificateRow } from '../estate/port.ts';
import type { RenewalWindow } from '../issuers/port.ts';
import type { Estate } from '../plan/types.ts';
import type { Inspection } from '../vault/port.ts';
import { withoutWindow } from './certificate-row.ts';
import type { Dependencies } from './dependencies.ts';
import { problemOf } from './perform.ts';
import type { Place } from './place.ts';

/** How the CAs of an estate are asked when they wish their certificates to be replaced (RFC 9773). */
export interface WindowLook {
  /** The row with what the CA says, or as it is: it is not time to ask, the CA has no such wish to tell, or it did not answer. */
  lookUp(row: CertificateRow, place: Place, facts: Inspection): Promise<CertificateRow>;
  /** What kept issuers from answering. */
  readonly unanswered: readonly { readonly issuer: string; readonly problem: string }[];
}

/** In one sweep: what is left over is asked by the next. */
const MOST_ASKED = 5000;
const LONGEST = 120_000;
/** An issuer that does not answer so many times is left alone until the next sweep. */
const MOST_FAILURES = 3;

/** Where nobody says when to ask again: after a failure, and of a CA that has no wish. */
const AGAIN_SECONDS = 3600;
const NO_WISH_SECONDS = 86_400;

/** For one sweep. Whatever a CA does, a row is answered with: the plan renews without its CA's wish as well. */
export function createWindowLook(app: Pick<Dependencies, 'clock' | 'issuer'>, estate: Estate): WindowLook {
  const until = app.clock.now().getTime() + LONGEST;
  const unanswered: { readonly issuer: string; readonly problem: string }[] = [];
  let asked = 0;
  const mayAsk = (issuer: string): boolean => {
    const failures = unanswered.filter((one) => one.issuer === issuer).length;
    return asked < MOST_ASKED && failures < MOST_FAILURES && app.clock.now().getTime() < until;
  };
  const ask = async (issuer: string, certificate: string): Promise<RenewalWindow | 'none' | undefined> => {
    const { renewalWindow } = app.issuer(estate, issuer);
    if (renewalWindow === undefined) return undefined;
    asked += 1;
    return (await renewalWindow(certificate)) ?? 'none';
  };
  return {
    unanswered,
    async lookUp(row, { plan: { issuer } }, facts) {
      const current = facts.state === 'present' ? facts.current : undefined;
      const now = app.clock.now();
      if (current === undefined || !isTimeToAsk(row, current.version, now) || !mayAsk(issuer)) return row;
      try {
        const window = await ask(issuer, current.der);
        return window === undefined ? row : rowWith(row, { of: current.version, window, now });
      } catch (error) {
        unanswered.push({ issuer, problem: problemOf(error) });
        const seconds = (error instanceof RenewalError ? error.retryAfterSeconds : undefined) ?? AGAIN_SECONDS;
        // What it said before still holds.
        const known = row.windowOf === current.version ? row : withoutWindow(row);
        return { ...known, windowOf: current.version, askWindowAt: later(now, Math.min(seconds, NO_WISH_SECONDS)) };
      }
    },
  };
}

function isTimeToAsk({ windowOf, askWindowAt }: CertificateRow, version: string, now: Date): boolean {
  return windowOf !== version || askWindowAt === undefined || askWindowAt <= now.toISOString();
}

interface Told {
  readonly of: string;
  readonly window: RenewalWindow | 'none';
  readonly now: Date;
}

function rowWith(row: CertificateRow, { of, window, now }: Told): CertificateRow {
  const rest = { ...withoutWindow(row), windowOf: of };
  if (window === 'none') return { ...rest, askWindowAt: later(now, NO_WISH_SECONDS) };
  return {
    ...rest,
    windowStart: window.start,
    windowEnd: window.end,
    ...(window.explanation !== undefined && { windowPage: window.explanation }),
    askWindowAt: later(now, window.retryAfterSeconds),
  };
}

function later(now: Date, seconds: number): string {
  return new Date(now.getTime() + seconds * 1000).toISOString();
}
