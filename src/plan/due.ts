import { sha256Hex } from '../certificate/fingerprint.ts';
import type { Plan } from './types.ts';

const HOUR = 3_600_000;
const DAY = 86_400_000;

/** A version that has lived less than this share of its life is never renewed without force. */
export const YOUNG_SHARE = 0.25;

/**
 * The renewal point of a version: after the plan's percent of its life, and never later than the plan's floor in days
 * before the expiry. The floor is capped at half of the life, so that a 47-day certificate under a 60-day floor is not
 * due on the day it is made. All arithmetic is on the UTC time line, where days of 24 hours hold across leap days.
 */
export function dueAt(notBefore: Date, notAfter: Date, plan: Pick<Plan, 'renewAt'>): Date {
  const life = lifeOf(notBefore, notAfter);
  const byPercent = notBefore.getTime() + Math.floor((life * plan.renewAt.percentOfLife) / 100);
  const byFloor = notAfter.getTime() - Math.min(plan.renewAt.floorDays * DAY, Math.floor(life / 2));
  return new Date(Math.max(Math.min(byPercent, byFloor), grownUpAt(notBefore, notAfter).getTime()));
}

/** When a CA wishes a version to be replaced (RFC 9773). ISO 8601. */
export interface WishedWindow {
  readonly start: string;
  readonly end: string;
}

/** A CA that wishes every new version to be replaced at once gets one each quarter of a day, and no more. */
const LEAST_AGE = 6 * HOUR;

/**
 * The moment of a window at which a version is renewed: anywhere in it with the same likelihood (RFC 9773 4.2), so that those
 * who have the same window do not come all at once, and at the same moment each time somebody looks. In the past: now.
 */
export function wishedAt(
  { start, end }: WishedWindow,
  version: { readonly sha256: string; readonly notBefore: Date; readonly notAfter: Date },
): Date {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const moment = from + Math.floor((to - from) * shareOf(`${version.sha256} ${from} ${to}`));
  const age = Math.min(LEAST_AGE, Math.ceil(lifeOf(version.notBefore, version.notAfter) * YOUNG_SHARE));
  return new Date(Math.max(moment, version.notBefore.getTime() + age));
}

/** A number in [0, 1) that is drawn once for a text: 48 bits of its hash. */
function shareOf(text: string): number {
  return Number.parseInt(sha256Hex(Buffer.from(text)).slice(0, 12), 16) / 2 ** 48;
}

/** Until then a version is too young to be renewed. */
export function grownUpAt(notBefore: Date, notAfter: Date): Date {
  return new Date(notBefore.getTime() + Math.ceil(lifeOf(notBefore, notAfter) * YOUNG_SHARE));
}

function lifeOf(notBefore: Date, notAfter: Date): number {
  return Math.max(0, notAfter.getTime() - notBefore.getTime());
}

/** So many months from now, in days. */
export function monthsInDays(months: number, now: Date): number {
  const end = new Date(now);
  end.setUTCMonth(end.getUTCMonth() + months);
  return Math.round((end.getTime() - now.getTime()) / DAY);
}
