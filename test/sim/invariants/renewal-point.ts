const DAY = 86_400_000;

interface Life {
  /** ISO 8601, as all certificates and rows have it. */
  readonly notBefore: string;
  readonly notAfter: string;
}

interface RenewAt {
  readonly percentOfLife: number;
  readonly floorDays: number;
}

/**
 * When a version comes due by the design, in milliseconds, written here once more: the product's own rule must not vouch
 * for itself.
 */
export function renewalPoint({ notBefore, notAfter }: Life, { percentOfLife, floorDays }: RenewAt): number {
  const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)];
  const life = to - from;
  const latest = to - Math.min(floorDays * DAY, life / 2);
  return Math.max(Math.min(from + life * (percentOfLife / 100), latest), from + life / 4);
}
