import type { Plan } from './types.ts';

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

/** Until then a version is too young to be renewed. */
export function grownUpAt(notBefore: Date, notAfter: Date): Date {
  return new Date(notBefore.getTime() + Math.ceil(lifeOf(notBefore, notAfter) * YOUNG_SHARE));
}

function lifeOf(notBefore: Date, notAfter: Date): number {
  return Math.max(0, notAfter.getTime() - notBefore.getTime());
}
