import { describe, expect, it } from 'vitest';
import type { Journal, JournalEntry } from '../../src/journal/port.ts';
import { noPrevious } from '../../src/journal/record.ts';

export const entry = (key: string, facts: Record<string, unknown> = { serial: '01' }): JournalEntry => ({
  key,
  at: '2026-03-01T00:00:00.000Z',
  kind: 'fact',
  step: key,
  facts,
});

/** What every journal does; `journal` is asked for once a test. */
export function journalSuite(name: string, journal: () => Journal): void {
  describe(`${name} as a journal`, () => {
    it('answers with an empty chain when nothing was recorded', async () => {
      expect(await journal().read('never-AAAA')).toEqual([]);
    });

    it('links each record to the one before', async () => {
      const [first, second] = [
        await journal().append('linked-AAAA', entry('inspect')),
        await journal().append('linked-AAAA', entry('decide')),
      ];
      expect(first).toMatchObject({ renewalId: 'linked-AAAA', sequence: 0, previous: noPrevious, key: 'inspect' });
      expect(second).toMatchObject({ sequence: 1, previous: first.hash });
      expect(await journal().read('linked-AAAA')).toEqual([first, second]);
    });

    it('changes nothing when the same key is appended again', async () => {
      const first = await journal().append('repeated-AAAA', entry('submit', { order: 'a' }));
      await journal().append('repeated-AAAA', entry('poll'));
      const again = await journal().append('repeated-AAAA', entry('submit', { order: 'b' }));
      expect(again).toEqual(first);
      expect(await journal().read('repeated-AAAA')).toHaveLength(2);
    });

    it('keeps the chains of renewals apart', async () => {
      await journal().append('one-AAAA', entry('inspect'));
      const other = await journal().append('two-AAAA', entry('inspect'));
      expect(other).toMatchObject({ renewalId: 'two-AAAA', sequence: 0 });
    });

    it('gives the facts back as JSON holds them', async () => {
      const facts = { z: [1, { ü: 'ñ\n"\\' }], a: undefined, when: new Date(0), n: 1.5 };
      const record = await journal().append('facts-AAAA', entry('check', facts));
      expect(record.facts).toEqual({ z: [1, { ü: 'ñ\n"\\' }], when: '1970-01-01T00:00:00.000Z', n: 1.5 });
      expect(await journal().read('facts-AAAA')).toEqual([record]);
    });

    it('takes appends of many writers at once into one chain', async () => {
      const keys = ['a', 'b', 'c', 'd', 'e', 'a', 'b'];
      await Promise.all(keys.map((key) => journal().append('crowd-AAAA', entry(key))));
      const chain = await journal().read('crowd-AAAA');
      expect(chain.map((record) => record.key).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(chain.map((record) => record.sequence)).toEqual([0, 1, 2, 3, 4]);
    });
  });
}
