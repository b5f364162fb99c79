/** A certificate to renew, by names. */
export interface Wish {
  readonly vault: string;
  readonly certificate: string;
}

/** What became of a batch of renewals. */
export interface Batch {
  readonly milliseconds: number;
  /** Every end that was not `renewed`. */
  readonly others: readonly string[];
}

/** A batch that did not end as it must is no measurement. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
}

/** Renewals a second. Throws `BatchError` when one of them ended in another way than `renewed`. */
export function rateOf(count: number, { milliseconds, others }: Batch): number {
  if (others.length > 0) throw new BatchError(`${others.length} of ${count} were not renewed: ${others[0]}`);
  return (count * 1000) / milliseconds;
}

/** Runs `work` for every item, `atOnce` side by side; a slot takes the next item as soon as it is free. */
export async function inFlight<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const slot = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, slot));
}
