import { createHash } from 'node:crypto';
import type { EmulatorRequest } from '../emulator.ts';
import { seededRandom } from '../stand/random.ts';
import type { Rule } from '../transport/line.ts';
import { comesLate, cut, deniesIt, loseAnswer, type Mishap, says, truncate } from './mishaps.ts';
import { storageSays } from './storage.ts';

/** A small share of all calls meets a passing fault. A renewal that cannot live with these cannot live in Azure. */
const SHARE = 0.05;

/** A renewal writes a few times only, and most of what can go wrong goes wrong there. */
const WRITES_OFTENER = 3;

/** Which emulators' calls meet faults, and in whose words. */
export type Family = 'vault' | 'arm' | 'identity' | 'blob' | 'table';

/** A renewal calls storage a hundred times, and waits whole seconds after each fault. */
const rareness: Readonly<Record<Family, number>> = { vault: 1, arm: 1, identity: 1, blob: 0.2, table: 0.2 };

/** What a seed has done so far. */
export interface Background {
  readonly seed: number;
  /** The rule for the line of one emulator. */
  rule(family: Family, emulator: string): Rule;
  /** Calls that came by, and how many of them were struck, by the fault's name. */
  tally(): { readonly calls: number; readonly struck: Readonly<Record<string, number>> };
}

type Named = readonly [name: string, mishap: Mishap];

/**
 * Only what a client rides over by itself. A person or Event Grid waits for the answer of whoever is asked to start a
 * renewal, and starting only reads: an error that is told there is no fault of the renewal.
 */
const reading: Readonly<Record<Family, readonly Named[]>> = {
  vault: [
    ['net.slow', comesLate(400)],
    ['net.cut', cut],
    ['kv.500', says(500, 'InternalServerError')],
    ['kv.429-after', says(429, 'Throttled', { 'retry-after': '1' })],
  ],
  arm: [
    ['net.slow', comesLate(400)],
    ['net.cut', cut],
    ['arm.500', says(500, 'InternalServerError')],
  ],
  identity: [
    ['net.slow', comesLate(400)],
    ['id.down', says(503, 'ServiceUnavailable')],
  ],
  blob: [
    ['net.slow', comesLate(400)],
    ['net.cut', cut],
    ['journal.fail', storageSays('blob', 'ServerBusy')],
    ['journal.fail', storageSays('blob', 'OperationTimedOut')],
  ],
  table: [
    ['net.slow', comesLate(400)],
    ['net.cut', cut],
    ['table.fail', storageSays('table', 'ServerBusy')],
    ['table.fail', storageSays('table', 'OperationTimedOut')],
  ],
};

/** Writes are made by steps, which are tried again: they meet everything that passes. */
const writing: Readonly<Record<Family, readonly Named[]>> = {
  vault: [
    ...reading.vault,
    ['kv.429', says(429, 'Throttled')],
    ['kv.ack-lost', loseAnswer],
    ['kv.500-done', deniesIt(500, 'InternalServerError')],
    ['net.truncate', truncate],
  ],
  arm: [
    ...reading.arm,
    ['arm.429', says(429, 'SubscriptionRequestsThrottled', { 'retry-after': '1' })],
    ['arm.ack-lost', loseAnswer],
    ['net.truncate', truncate],
  ],
  identity: reading.identity,
  blob: [...reading.blob, ['journal.ack-lost', loseAnswer], ['net.truncate', truncate]],
  table: [...reading.table, ['table.ack-lost', loseAnswer], ['net.truncate', truncate]],
};

/** Tables in which only steps write. The rows of certificates, and those about the app, are written by who waits, too. */
const BY_STEPS = /^\/\w+\/(?:orders|targets|issuances|answers)\b/;

function isByStep(family: Family, { method, url }: EmulatorRequest): boolean {
  return method !== 'GET' && (family !== 'table' || BY_STEPS.test(url.pathname));
}

/**
 * Random faults of a seed. Each place (emulator, method, path without ids) draws from a stream of its own, so that a seed
 * strikes the same calls however the others fall; and never twice running, so that a repeat gets through.
 */
export function createBackground(seed: number, share = SHARE): Background {
  const streams = new Map<string, () => number>();
  const struckLast = new Set<string>();
  const struck: Record<string, number> = {};
  let calls = 0;
  const drawAt = (place: string): (() => number) => {
    const stream = streams.get(place) ?? seededRandom(seedOf(`${seed} ${place}`));
    streams.set(place, stream);
    return stream;
  };
  return {
    seed,
    rule: (family, emulator) => (request, next) => {
      const place = `${emulator} ${placeOf(request)}`;
      const draw = drawAt(place);
      calls += 1;
      const byStep = isByStep(family, request);
      const likely = share * rareness[family] * (byStep ? WRITES_OFTENER : 1);
      const isStruck = draw() < likely && !struckLast.has(place);
      if (!isStruck) {
        struckLast.delete(place);
        return next();
      }
      struckLast.add(place);
      const kinds = (byStep ? writing : reading)[family];
      const [name, mishap] = kinds[Math.floor(draw() * kinds.length)] ?? ['net.cut', cut];
      struck[name] = (struck[name] ?? 0) + 1;
      return mishap(next);
    },
    tally: () => ({ calls, struck: { ...struck } }),
  };
}

/** `Faults of seed 7: 12 in 340 calls (kv.500 5, net.cut 7).` */
export function tellTally(background: Background): string {
  const { calls, struck } = background.tally();
  const total = Object.values(struck).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(struck).map(([name, count]) => `${name} ${count}`);
  return `Faults of seed ${background.seed}: ${total} in ${calls} calls${total === 0 ? '' : ` (${parts.sort().join(', ')})`}.`;
}

/** Versions, requests and subscriptions are named anew by every run. */
function placeOf({ method, url }: EmulatorRequest): string {
  return `${method} ${url.pathname.replace(/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/gi, '*')}`;
}

function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
