import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryAppRows } from '../../../src/estate/memory.ts';
import { takeTurn } from '../../../src/renewal/turn.ts';

const at = (text: string) => new ManualClock(new Date(`2026-06-01T12:00:${text}Z`));
const among = (clock: ManualClock, startsPerVault: number) => ({ rows: createMemoryAppRows(), clock, startsPerVault });

async function taken(vault: string, count: number, app: Parameters<typeof takeTurn>[1]): Promise<number> {
  const turns = await Promise.all(Array.from({ length: count }, () => takeTurn(vault, app)));
  return turns.filter((turn) => turn !== undefined).length;
}

describe('takeTurn', () => {
  it('gives as many turns in ten seconds as the budget has, however many ask at once', async () => {
    const app = among(at('03'), 3);
    expect(await taken('kv-web', 8, app)).toBe(3);
    expect(await taken('KV-Web', 1, app)).toBe(0);
  });

  it('gives every vault its own', async () => {
    const app = among(at('03'), 2);
    expect([await taken('kv-one', 3, app), await taken('kv-two', 3, app)]).toEqual([2, 2]);
  });

  it('begins anew in the next ten seconds', async () => {
    const clock = at('08');
    const app = among(clock, 2);
    expect(await taken('kv-web', 5, app)).toBe(2);
    clock.advance(1999);
    expect(await taken('kv-web', 5, app)).toBe(0);
    clock.advance(1);
    expect(await taken('kv-web', 5, app)).toBe(2);
  });

  it('gives none while others take them faster', async () => {
    const app = among(at('00'), 5);
    const save = () => Promise.reject(new RenewalError('storage-conflict', 'estate: save failed'));
    expect(await takeTurn('kv-web', { ...app, rows: { ...app.rows, save } })).toBeUndefined();
  });

  it('says so when the store does not answer', async () => {
    const app = among(at('00'), 5);
    const get = () => Promise.reject(new RenewalError('storage-unreachable', 'estate: no answer'));
    await expect(takeTurn('kv-web', { ...app, rows: { ...app.rows, get } })).rejects.toMatchObject({
      code: 'storage-unreachable',
    });
  });
});
