import { describe, expect, it } from 'vitest';
import type { EmulatorRequest } from '../../../../local/emulator.ts';
import { createBackground, tellTally } from '../../../../local/faults/background.ts';
import { createLine } from '../../../../local/transport/line.ts';

const ok = { status: 200, headers: {}, body: '{"whole":true}' };

function request(method: string, path: string): EmulatorRequest {
  return { method, url: new URL(`https://localhost${path}`), headers: {}, body: Buffer.alloc(0) };
}

/** What became of so many calls; `1` where one was struck. */
async function run(seed: number, share: number, calls: readonly EmulatorRequest[]) {
  const background = createBackground(seed, share);
  const line = createLine();
  line.add(background.rule('vault', 'kv'));
  const marks: string[] = [];
  for (const call of calls) {
    const before = sum(background.tally().struck);
    await line.deliver(call, async () => ok);
    marks.push(String(sum(background.tally().struck) - before));
  }
  return { marks: marks.join(''), background };
}

const sum = (struck: Readonly<Record<string, number>>): number => Object.values(struck).reduce((a, b) => a + b, 0);
const creates = Array.from({ length: 30 }, () => request('POST', '/certificates/shop/create'));

describe('passing faults', () => {
  it('strike the same calls when the seed is the same', async () => {
    const [one, again, other] = await Promise.all([run(1, 0.3, creates), run(1, 0.3, creates), run(2, 0.3, creates)]);
    expect(one.marks).toBe(again.marks);
    expect(one.marks).not.toBe(other.marks);
    expect(one.background.tally()).toEqual(again.background.tally());
  });

  it('do not move when other calls come between', async () => {
    const mixed = creates.flatMap((create) => [create, request('GET', '/certificates/other/')]);
    const { marks } = await run(3, 0.3, mixed);
    const alone = await run(3, 0.3, creates);
    expect([...marks].filter((_, index) => index % 2 === 0).join('')).toBe(alone.marks);
  });

  it('never strike a place twice running, however often they may', async () => {
    const { marks } = await run(1, 1, creates.slice(0, 8));
    expect(marks).toBe('10101010');
  });

  it('know a place again whatever ids it names', async () => {
    const ids = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'];
    const { marks } = await run(
      1,
      1,
      ids.map((id) => request('POST', `/keys/ca/${id}/sign`)),
    );
    expect(marks).toBe('10');
  });

  it('tell how often they struck', async () => {
    const { background } = await run(1, 1, creates.slice(0, 2));
    expect(tellTally(background)).toMatch(/^Faults of seed 1: 1 in 2 calls \(\S+ 1\)\.$/);
    expect(tellTally(createBackground(5))).toBe('Faults of seed 5: 0 in 0 calls.');
  });
});

describe('passing faults of storage', () => {
  const append = request('PUT', '/acc/journal/localhost-shop-aaaa.jsonl?comp=appendblock');
  const whole = async () => ({ state: 'whole', response: ok }) as const;

  it('come a fifth as often as those of a vault', async () => {
    const count = async (family: 'vault' | 'blob') => {
      const background = createBackground(4, 0.2);
      const rule = background.rule(family, 'x');
      // All at once: those that come late do not wait for each other.
      await Promise.all(Array.from({ length: 400 }, () => rule(append, whole)));
      return sum(background.tally().struck);
    };
    const [vault, blob] = [await count('vault'), await count('blob')];
    expect(vault / blob).toBeGreaterThan(2);
    expect(blob).toBeGreaterThan(10);
  });

  it.each([
    ['orders', true],
    ['targets', true],
    ['issuances', true],
    ['certificates', false],
    ['app', false],
  ])('lose answers about %s: %s', async (table, lost) => {
    const background = createBackground(1, 5);
    const rule = background.rule('table', 'tables');
    const calls = Array.from({ length: 60 }, (_, row) => `/acc/${table}(PartitionKey='p',RowKey='${row}')`);
    await Promise.all(calls.map((path) => rule(request('PUT', path), whole)));
    expect('table.ack-lost' in background.tally().struck).toBe(lost);
  });
});
