import { derToPem } from '../certificate/pem.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { Versioned } from '../estate/port.ts';
import type { RelayedOrder, RelayStore } from '../estate/relayed-order.ts';
import type { AdCsPlan } from '../plan/issuers/ad-cs.ts';
import { isOver, longestAgo } from './relayed.ts';

/** What a worker is asked to do: one of two things, and nothing else. */
export type WorkerTask = {
  readonly reference: string;
  /** Counts how often it is to be submitted: a worker submits once for each number. */
  readonly attempt: number;
  /** Comes back with the answer. */
  readonly nonce: string;
  readonly ca: string;
} & (
  | { readonly action: 'submit'; readonly template: string; readonly csr: string }
  | { readonly action: 'retrieve'; readonly requestId: string }
);

export interface QueueDependencies {
  readonly relayed: RelayStore;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
}

const LEASE_MILLISECONDS = 10 * 60_000;
const MOST_TASKS = 10;
const NONCE_BYTES = 16;

/**
 * Gives a worker what is to be done, and to nobody else for ten minutes. A request that may have been submitted is given
 * to the same worker alone, who knows whether it was; one with a number at the CA to anybody.
 */
export async function giveOut(
  asking: { readonly issuer: string; readonly worker: string; readonly plan: AdCsPlan },
  { relayed, clock, random }: QueueDependencies,
): Promise<readonly WorkerTask[]> {
  const now = clock.now();
  const tasks: WorkerTask[] = [];
  for await (const found of relayed.waiting(longestAgo(now), asking.issuer)) {
    if (tasks.length === MOST_TASKS) break;
    if (!isDue(found.row, asking.worker, now)) continue;
    const leased = {
      ...found.row,
      worker: asking.worker,
      attempt: found.row.attempt ?? 1,
      nonce: Buffer.from(random(NONCE_BYTES)).toString('hex'),
      leasedUntil: new Date(now.getTime() + LEASE_MILLISECONDS).toISOString(),
    };
    if (await isSaved(relayed, { ...found, row: leased })) tasks.push(taskOf(leased, asking.plan));
  }
  return tasks;
}

function isDue(order: RelayedOrder, worker: string, now: Date): boolean {
  const moment = now.toISOString();
  if (isOver(order, now) || (order.lookAgainAt ?? '') > moment || (order.leasedUntil ?? '') > moment) return false;
  return order.requestId !== undefined || order.worker === undefined || order.worker === worker;
}

/** False when another worker was faster. */
async function isSaved(relayed: RelayStore, { row, etag }: Versioned<RelayedOrder>): Promise<boolean> {
  try {
    await relayed.save(row, etag);
    return true;
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'storage-conflict') return false;
    throw error;
  }
}

function taskOf(
  order: RelayedOrder & { readonly attempt: number; readonly nonce: string },
  { ca, template }: AdCsPlan,
): WorkerTask {
  const { reference, attempt, nonce, requestId } = order;
  const task = { reference, attempt, nonce, ca };
  if (requestId !== undefined) return { ...task, action: 'retrieve', requestId };
  const csr = derToPem(Buffer.from(order.csr, 'base64'), 'CERTIFICATE REQUEST');
  return { ...task, action: 'submit', template, csr };
}
