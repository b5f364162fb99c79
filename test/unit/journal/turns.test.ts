import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/journal/turns.ts';

describe('createTurns', () => {
  it('lets one work of a key run at a time, in the order of asking', async () => {
    const inTurn = createTurns();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`begin ${name}`);
      await Promise.resolve();
      log.push(`end ${name}`);
    };
    await Promise.all([inTurn('a', work('1')), inTurn('a', work('2')), inTurn('a', work('3'))]);
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('does not let one key wait for another', async () => {
    const inTurn = createTurns();
    const never = inTurn('a', () => new Promise<never>(() => undefined));
    expect(await Promise.race([never, inTurn('b', async () => 'b')])).toBe('b');
  });

  it('goes on after a failure, which only its own caller hears of', async () => {
    const inTurn = createTurns();
    const failure = inTurn('a', () => Promise.reject(new TypeError('no')));
    const next = inTurn('a', async () => 'next');
    await expect(failure).rejects.toThrow('no');
    expect(await next).toBe('next');
  });
});
