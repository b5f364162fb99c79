import type { EmulatorResponse } from '../../emulator.ts';
import { timestamp } from './authorizations.ts';
import { shown } from './call.ts';
import { malformed } from './problem.ts';
import type { IssuedCertificate, RenewalWindow } from './records.ts';
import { checkRenewalId } from './replaced.ts';
import { type AcmeServer, retryAfterHeader } from './settings.ts';

const HOUR = 3_600_000;
const SHORT_LIFE = 10 * 24 * HOUR;

/** RFC 9773 4: anybody may ask. */
export function showRenewalInfo(server: AcmeServer, id: string): EmulatorResponse {
  const { renewalInfoSeconds } = server;
  if (renewalInfoSeconds === 'none') throw malformed('Page not found', 404);
  checkRenewalId(id);
  const certificate = server.records.byRenewalId.get(id);
  if (certificate === undefined) throw malformed('Certificate not found', 404);
  const { start, end, explanationUrl } = windowOf(certificate);
  const suggestedWindow = { start: timestamp(start), end: timestamp(end) };
  const headers = retryAfterHeader(server, renewalInfoSeconds);
  return shown(
    200,
    { suggestedWindow, ...(explanationUrl !== undefined && { explanationURL: explanationUrl }) },
    headers,
  );
}

/** What the CA wishes; else over at once when it is revoked, else two per cent of its life, as Boulder has it. */
export function windowOf({ window, revoked, notBefore, notAfter }: IssuedCertificate): RenewalWindow {
  if (window !== undefined) return window;
  if (revoked !== undefined) return pastWindow(revoked.at);
  const life = notAfter.getTime() - notBefore.getTime();
  const ideal = notAfter.getTime() - (life < SHORT_LIFE ? life / 2 : life / 3);
  return { start: new Date(ideal - life / 100), end: new Date(ideal + life / 100) };
}

/** One that is over: renew now. */
export function pastWindow(now: Date): RenewalWindow {
  return { start: new Date(now.getTime() - HOUR), end: new Date(now.getTime() - HOUR / 2) };
}
