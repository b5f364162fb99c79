import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { namesOf } from '../../../../smoke/names.ts';
import type { Answer } from '../../../../smoke/rest.ts';
import { followRenewal, hearOfNewVersion } from '../../../../smoke/story/renewal.ts';
import { createFindings, type Run } from '../../../../smoke/story/run.ts';

const names = namesOf('perennial-smoke-20261121t170000');
const answer = (body: object): Answer => ({ status: 200, body, text: '', headers: new Headers(), code: '' });
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Rows come after so many minutes; a renewal has ended when it is looked at for the third time. */
function bench(
  rows: Readonly<Record<string, { readonly after: number; readonly row: object }>>,
  end: object = { outcome: 'renewed', outcomeReason: 'no-targets' },
) {
  const { all, found } = createFindings();
  const began = Date.now();
  const asked: string[] = [];
  let looks = 0;
  const run = {
    ...{ names, found, print: () => undefined, signal: new AbortController().signal },
    config: { eventMinutes: 3, nearExpirySeconds: 60 },
    prepared: { vault: { name: 'one' } },
    app: {
      row: async (_vault: string, name: string) => {
        const known = rows[name];
        return known !== undefined && Date.now() - began >= known.after * MINUTE ? known.row : undefined;
      },
      ask: async (_vault: string, name: string) => {
        asked.push(name);
        return answer({ id: 'by-hand' });
      },
      renewal: async () => answer(++looks < 3 ? { stage: 'issue' } : end),
    },
  } as unknown as Run;
  const through = async (work: Promise<void>): Promise<void> => {
    let isOver = false;
    const ended = work.finally(() => {
      isOver = true;
    });
    while (!isOver) await vi.advanceTimersByTimeAsync(1000);
    await ended;
  };
  return { run, all, asked, through };
}

describe('the event of a new version', () => {
  it.each([
    [
      'comes',
      { after: 1, row: { state: 'idle' } },
      { saw: 'heard without being asked', detail: '60 s after it was looked for' },
    ],
    ['comes too late', { after: 5, row: {} }, { saw: 'nothing within 3 minutes' }],
    ['is overtaken by a sweep', { after: 0, row: { reason: 'sweep' } }, { unseen: 'a sweep was faster; run it again' }],
  ])('%s', async (_what, short, finding) => {
    const { run, all, through } = bench({ [names.short]: short });
    await through(hearOfNewVersion(run));
    expect(all['event.new-version']).toEqual(finding);
  });
});

describe('the renewal', () => {
  it('is the event’s when the event has started it', async () => {
    const { run, all, asked, through } = bench({
      [names.main]: { after: 2, row: { id: 'r', reason: 'near-expiry-event' } },
    });
    await through(followRenewal(run, { isServed: false }));
    expect(all).toMatchObject({
      'event.near-expiry': { saw: 'near-expiry-event' },
      'renewal.outcome': { saw: 'renewed' },
    });
    expect(asked).toEqual([]);
  });

  it('is asked for when no event came in time, and that is told', async () => {
    const { run, all, asked, through } = bench({ [names.main]: { after: 0, row: { state: 'idle' } } });
    await through(followRenewal(run, { isServed: false }));
    expect(all).toMatchObject({
      'event.near-expiry': { saw: 'nothing within 3 minutes' },
      'renewal.outcome': { saw: 'renewed' },
    });
    expect(asked).toEqual([names.main]);
  });

  it('of a sweep says nothing about events', async () => {
    const { run, all, through } = bench({ [names.main]: { after: 1, row: { id: 'r', reason: 'sweep' } } });
    await through(followRenewal(run, { isServed: false }));
    expect(all['event.near-expiry']).toEqual({ unseen: 'a sweep was faster; run it again' });
  });

  it.each([
    [
      { outcome: 'rejected', outcomeReason: 'wrong-key', detail: 'x' },
      { saw: 'rejected: wrong-key', detail: 'wrong-key: x' },
    ],
    [{ stage: 'issue' }, { saw: 'it has not ended within 20 minutes' }],
  ])('that does not end well is told: %j', async (end, finding) => {
    const { run, all, through } = bench(
      { [names.main]: { after: 0, row: { id: 'r', reason: 'near-expiry-event' } } },
      end,
    );
    await through(followRenewal(run, { isServed: false }));
    expect(all['renewal.outcome']).toEqual(finding);
    expect(all['question.14']).toBeUndefined();
  });

  it('shows whether a certificate of less than 30 days had an event', async () => {
    const main = { after: 0, row: { id: 'r', reason: 'near-expiry-event' } };
    const { run, all, through } = bench({
      [names.main]: main,
      [names.short]: { after: 0, row: { id: 's', reason: 'near-expiry-event' } },
    });
    await through(followRenewal(run, { isServed: false }));
    expect(all['question.7']).toEqual({ saw: 'near-expiry-event' });
  });

  it('leaves what needs a site for another run', async () => {
    const { run, all, through } = bench({ [names.main]: { after: 0, row: { id: 'r', reason: 'near-expiry-event' } } });
    await through(followRenewal(run, { isServed: false }));
    for (const id of ['served.new', 'question.1', 'question.12'] as const)
      expect(all[id]).toMatchObject({ foreseen: true });
  });
});
