const DAY = 86_400_000;

interface Life {
  /** ISO 8601, as all certificates and rows have it. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** When the window begins (milliseconds) in which its CA wishes it to be replaced. */
  readonly window?: number | undefined;
}

/** A CA that wishes every new version to be replaced at once gets another one after six hours. */
const LEAST_AGE = 6 * 3_600_000;

interface RenewAt {
  readonly percentOfLife: number;
  readonly floorDays: number;
}

/**
 * When a version comes due by the design, in milliseconds, written here once more: the product's own rule must not vouch
 * for itself.
 */
export function renewalPoint({ notBefore, notAfter, window }: Life, { percentOfLife, floorDays }: RenewAt): number {
  const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)];
  const life = to - from;
  const latest = to - Math.min(floorDays * DAY, life / 2);
  const planned = Math.max(Math.min(from + life * (percentOfLife / 100), latest), from + life / 4);
  const wished = window === undefined ? planned : Math.max(window, from + Math.min(LEAST_AGE, life / 4));
  return Math.min(planned, wished);
}
