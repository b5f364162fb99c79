import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { RenewalError } from '../../../src/errors.ts';
import type { AppRowStore } from '../../../src/estate/app-rows.ts';
import { createMemoryAppRows } from '../../../src/estate/memory.ts';
import { type Breaker, createBreaker } from '../../../src/issuers/breaker.ts';
import { guarded } from '../../../src/issuers/guarded.ts';
import type { Issuer } from '../../../src/issuers/port.ts';

const SECOND = 1000;

let clock: ManualClock;
let rows: AppRowStore;
let breaker: Breaker;
/** What the issuer throws; `undefined`: it answers. */
let trouble: Error | undefined;
let calls: number;

beforeEach(() => {
  clock = new ManualClock(new Date('2026-06-01T12:00:00Z'));
  rows = createMemoryAppRows();
  breaker = instance();
  trouble = silent();
  calls = 0;
});

const instance = (): Breaker => createBreaker({ issuer: 'internal', clock, rows });
const silent = () => new RenewalError('issuer-unreachable', 'no answer');
const throttled = (retryAfterSeconds?: number) => new RenewalError('issuer-throttled', '429', { retryAfterSeconds });

/** An answer that comes when the test gives it. */
function held<T>() {
  let [resolve, reject] = [(_value: T) => {}, (_error: Error) => {}];
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

/** Until calls that were begun have come as far as the issuer. */
const underWay = () => new Promise((resolve) => setImmediate(resolve));

/** How a call ends: with the issuer's answer, its error, or sent away until so many seconds from now. */
async function ask(through: Breaker = breaker): Promise<unknown> {
  try {
    return await through.run(async () => {
      calls += 1;
      if (trouble !== undefined) throw trouble;
      return 'answered';
    });
  } catch (error) {
    if (!(error instanceof RenewalError)) throw error;
    return error.message.includes('not asked') ? [error.code, error.retryAfterSeconds] : error.code;
  }
}

async function askTimes(count: number): Promise<unknown> {
  let last: unknown;
  for (let time = 0; time < count; time++) last = await ask();
  return last;
}

describe('an issuer that does not answer', () => {
  it('is left alone after five silences in a row, and asked once after a minute', async () => {
    expect(await askTimes(5)).toBe('issuer-unreachable');
    expect(await ask()).toEqual(['issuer-unreachable', 60]);
    clock.advance(59 * SECOND);
    expect(await ask()).toEqual(['issuer-unreachable', 2]);
    expect(calls).toBe(5);
    clock.advance(SECOND);
    trouble = undefined;
    expect(await ask()).toBe('answered');
    expect(await askTimes(3)).toBe('answered');
  });

  it('is left alone twice as long each time, and never longer than a quarter of an hour', async () => {
    await askTimes(5);
    const rests: unknown[] = [];
    for (let round = 0; round < 6; round++) {
      const [, seconds] = (await ask()) as [string, number];
      rests.push(seconds);
      clock.advance(seconds * SECOND);
      await ask();
    }
    expect(rests).toEqual([60, 120, 240, 480, 900, 900]);
    expect(calls).toBe(5 + 6);
  });

  it('begins with a minute again once it has answered', async () => {
    await askTimes(5);
    clock.advance(60 * SECOND);
    await ask();
    clock.advance(120 * SECOND);
    trouble = undefined;
    await ask();
    trouble = silent();
    await askTimes(5);
    expect(await ask()).toEqual(['issuer-unreachable', 60]);
  });

  it('is asked as usual when it answers now and then', async () => {
    for (let round = 0; round < 5; round++) {
      trouble = silent();
      await askTimes(4);
      trouble = undefined;
      expect(await ask()).toBe('answered');
    }
  });

  it('is tried by one call, while the others come back soon', async () => {
    await askTimes(5);
    clock.advance(60 * SECOND);
    const trial = held<string>();
    const tried = breaker.run(() => trial.promise);
    await underWay();
    expect(await ask()).toEqual(['issuer-unreachable', 5]);
    trial.resolve('here again');
    expect(await tried).toBe('here again');
    trouble = undefined;
    expect(await ask()).toBe('answered');
  });

  it('is tried again when the one that tried was never heard of', async () => {
    await askTimes(5);
    clock.advance(60 * SECOND);
    void breaker.run(() => new Promise(() => undefined));
    await underWay();
    clock.advance(61 * SECOND);
    trouble = undefined;
    expect(await ask()).toBe('answered');
  });

  it('is tried again at once when the trial never came as far', async () => {
    await askTimes(5);
    clock.advance(60 * SECOND);
    trouble = new RenewalError('vault-unreachable', 'the secret cannot be read');
    expect(await ask()).toBe('vault-unreachable');
    trouble = undefined;
    expect(await ask()).toBe('answered');
  });

  it('is no more silent for calls that were under way when it was found so', async () => {
    const under = Array.from({ length: 12 }, () => held<never>());
    const ends = under.map(({ promise }) => breaker.run(() => promise).catch(() => undefined));
    await underWay();
    for (const { reject } of under) reject(silent());
    await Promise.all(ends);
    expect(await ask()).toEqual(['issuer-unreachable', 60]);
  });

  it('sends those who wait back one after the other', async () => {
    await askTimes(5);
    const away = [];
    for (let one = 0; one < 40; one++) away.push(((await ask()) as [string, number])[1]);
    expect(away.slice(0, 3)).toEqual([60, 61, 62]);
    expect(Math.max(...away)).toBe(90);
  });

  it('costs a single renewal nothing: by its own table it comes when it is tried', async () => {
    const waits = [2, 5, 10, 20, 60, 120, 300, 600, 900];
    for (const seconds of waits) {
      expect(await ask()).toBe('issuer-unreachable');
      clock.advance(seconds * SECOND);
    }
    expect(calls).toBe(waits.length);
  });

  it('is not silent when it is misconfigured', async () => {
    await askTimes(4);
    trouble = new RenewalError('issuer-misconfigured', 'credentials refused');
    await ask();
    trouble = silent();
    expect(await askTimes(2)).toBe('issuer-unreachable');
  });
});

describe('an issuer that asks for patience', () => {
  it('is left alone by everybody for as long as it said', async () => {
    trouble = throttled(120);
    expect(await ask()).toBe('issuer-throttled');
    trouble = undefined;
    expect(await ask()).toEqual(['issuer-throttled', 120]);
    clock.advance(120 * SECOND);
    expect(await ask()).toBe('answered');
    expect(calls).toBe(2);
  });

  it('is tried by another renewal after a quarter of an hour: a limit may be that of one set of names', async () => {
    trouble = throttled(7 * 86_400);
    await ask();
    expect(await ask()).toEqual(['issuer-throttled', 900]);
    clock.advance(900 * SECOND);
    trouble = undefined;
    expect(await ask()).toBe('answered');
  });

  it('is asked by others when it did not say how long', async () => {
    trouble = throttled();
    expect(await askTimes(7)).toBe('issuer-throttled');
    expect(calls).toBe(7);
  });

  it('keeps the longest time that it said', async () => {
    const [long, short] = [held<never>(), held<never>()];
    const ends = [long, short].map(({ promise }) => breaker.run(() => promise).catch(() => undefined));
    await underWay();
    long.reject(throttled(300));
    await ends[0];
    short.reject(throttled(10));
    await ends[1];
    expect(await ask()).toEqual(['issuer-throttled', 300]);
  });
});

describe('several instances of the app', () => {
  it('spare an issuer that one of them found silent, and hear when it is back', async () => {
    const other = instance();
    await askTimes(5);
    expect(await ask(other)).toEqual(['issuer-unreachable', 60]);
    clock.advance(60 * SECOND);
    trouble = undefined;
    expect(await ask(other)).toBe('answered');
    clock.advance(15 * SECOND);
    expect(await ask()).toBe('answered');
    expect((await rows.get('breaker', 'internal'))?.row).toMatchObject({ code: 'none', rests: 0 });
  });

  it('go on where an instance ended that had left it alone', async () => {
    await askTimes(5);
    clock.advance(60 * SECOND);
    await ask();
    expect(await ask(instance())).toEqual(['issuer-unreachable', 120]);
  });

  it('do their work when the table is away', async () => {
    const away = async () => {
      throw new RenewalError('storage-unreachable', 'no table');
    };
    const alone = createBreaker({ issuer: 'internal', clock, rows: { get: away, save: away } });
    for (let time = 0; time < 5; time++) expect(await ask(alone)).toBe('issuer-unreachable');
    expect(await ask(alone)).toEqual(['issuer-unreachable', 60]);
    clock.advance(60 * SECOND);
    trouble = undefined;
    expect(await ask(alone)).toBe('answered');
  });
});

describe('a guarded issuer', () => {
  const rejected = { state: 'rejected', reason: 'no' } as const;
  const bare: Issuer = {
    ...{ kind: 'bare', afterLostAnswer: 'findable', capabilities: [], isPrivate: true },
    submit: async () => rejected,
    poll: async () => rejected,
  };

  it('can do what it could', () => {
    expect(Object.keys(guarded(bare, breaker)).sort()).toEqual(Object.keys(bare).sort());
  });

  it('is asked for nothing while it is left alone', async () => {
    let asked = 0;
    const down = async () => {
      asked += 1;
      throw silent();
    };
    const whole = { submit: down, poll: down, cancel: down, revoke: down };
    const issuer = guarded({ ...bare, ...whole, capabilities: ['cancel', 'revoke'] }, breaker);
    const order = { reference: 'r', csr: async () => '' };
    const all = [
      () => issuer.submit({ renewalId: 'r', csr: '', validityDays: 1 }),
      () => issuer.poll(order),
      () => issuer.cancel?.(order),
      () => issuer.revoke?.({ certificate: '', reason: 'superseded' }),
    ];
    for (const one of [...all, ...all]) await expect(one()).rejects.toMatchObject({ code: 'issuer-unreachable' });
    expect(asked).toBe(5);
  });

  it('lets renewal windows pass, which keep no order waiting', async () => {
    const issuer = guarded({ ...bare, renewalWindow: () => Promise.reject(silent()) }, breaker);
    for (let times = 0; times < 10; times += 1) {
      await expect(issuer.renewalWindow?.('')).rejects.toMatchObject({ code: 'issuer-unreachable' });
    }
    expect(await issuer.submit({ renewalId: 'r', csr: '', validityDays: 1 })).toEqual(rejected);
  });
});
