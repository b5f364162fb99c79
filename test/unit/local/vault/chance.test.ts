import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createChance } from '../../../../local/vault/chance.ts';
import { type KeyKind, makeKey } from '../../../../local/vault/keys.ts';

/** A linear congruential generator: enough to be the same twice. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe('chance', () => {
  it('repeats itself with a seed, and only then', () => {
    const take = (random?: () => number) => {
      const chance = createChance(random);
      return [chance.id(), chance.guid(), chance.integer(1, 1e9), chance.bytes(8).toString('hex')];
    };
    expect(take(numbers(1))).toEqual(take(numbers(1)));
    expect(take(numbers(1))).not.toEqual(take(numbers(2)));
    expect(take()).not.toEqual(take());
  });

  it('gives ids, GUIDs and numbers in their forms', () => {
    for (const chance of [createChance(), createChance(numbers(7))]) {
      expect(chance.id()).toMatch(/^[0-9a-f]{32}$/);
      expect(chance.guid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const drawn = new Set(Array.from({ length: 200 }, () => chance.integer(10, 12)));
      expect([...drawn].sort()).toEqual([10, 11, 12]);
      expect(chance.serial()[0]).toBeGreaterThanOrEqual(0x40);
    }
  });

  it.each([
    ['P-256', 'sha256'],
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
    ['P-256K', 'sha256'],
    ['RSA-2048', 'sha256'],
  ] as const)('makes signatures with %s that repeat themselves and verify', async (kind: KeyKind, hash) => {
    const key = await makeKey(kind);
    const content = Buffer.from('to be signed');
    for (let seed = 0; seed < 20; seed++) {
      const [first, second] = [seed, seed].map((one) => createChance(numbers(one)).sign(hash, content, key));
      expect(first).toEqual(second);
      expect(verify(hash, content, createPublicKey(key), first ?? Buffer.alloc(0))).toBe(true);
    }
  });
});
