import { describe, expect, it } from 'vitest';
import { type EventPath, type Evidence, eventPathStates, isHeard, judge } from '../../../src/monitor/judge.ts';
import type { VersionFacts } from '../../../src/vault/port.ts';

const HOUR = 3_600_000;
const now = new Date('2026-06-08T12:00:00Z');
const ago = (hours: number): string => new Date(now.getTime() - hours * HOUR).toISOString();
const V1 = 'a'.repeat(32);
const V2 = 'b'.repeat(32);

const announced = (hours: number, certificate = 'shop') => ({
  resourceId: '/v',
  at: ago(hours),
  certificate,
  version: V1,
});
const version = (id: string, createdHours: number) =>
  new Map([['shop', { version: id, createdAt: ago(createdHours) } as VersionFacts]]);
/** Watched for ten days; by then everything of these tests is new. */
const before: EventPath = { vault: 'contoso', state: 'untested', watchedSince: ago(240) };

function verdict(changes: Partial<Evidence>) {
  return judge('contoso', { announced: [], isLogged: true, before, versions: new Map(), ...changes }, now);
}

describe('the verdict on a vault', () => {
  it.each<[string, Partial<Evidence>, EventPath['state']]>([
    ['nothing was announced', {}, 'untested'],
    ['its audit log does not come', { isLogged: false }, 'unlogged'],
    ['the event came', { announced: [announced(8)], arrivals: { lastAt: ago(8), expiryAt: ago(7.9) } }, 'heard'],
    ['the event came late', { announced: [announced(30)], arrivals: { lastAt: ago(7), expiryAt: ago(7) } }, 'heard'],
    [
      'an older event was lost, and the newest came',
      { announced: [announced(8), announced(50)], arrivals: { lastAt: ago(8), expiryAt: ago(8) } },
      'heard',
    ],
    ['nothing ever came', { announced: [announced(8)], versions: version(V1, 100) }, 'dead'],
    [
      'nothing came since',
      { announced: [announced(8)], arrivals: { lastAt: ago(9), expiryAt: ago(50) }, versions: version(V1, 100) },
      'dead',
    ],
    [
      'only its first hours brought other events, as when one type is not subscribed',
      { announced: [announced(8)], arrivals: { lastAt: ago(7), expiryAt: ago(50) }, versions: version(V1, 100) },
      'dead',
    ],
    [
      'other events come, long after',
      { announced: [announced(30)], arrivals: { lastAt: ago(2), expiryAt: ago(50) }, versions: version(V1, 100) },
      'unheard',
    ],
    ['the version is older than the watch', { announced: [announced(8)], versions: version(V1, 300) }, 'unheard'],
    [
      'the vault could not be asked',
      { announced: [announced(8)], versions: new Map([['shop', undefined]]) },
      'unheard',
    ],
    [
      'nor did the event of the version that was made since',
      { announced: [announced(30)], versions: version(V2, 20) },
      'dead',
    ],
    ['the version made since is too new to tell', { announced: [announced(8)], versions: version(V2, 3) }, 'unheard'],
    [
      'the event of the version that was made since came',
      { announced: [announced(24)], arrivals: { lastAt: ago(19.99) }, versions: version(V2, 20) },
      'unheard',
    ],
    [
      'dead, though the log stopped too',
      { announced: [announced(8)], versions: version(V1, 100), isLogged: false },
      'dead',
    ],
  ])('%s', (_, evidence, state) => {
    expect(verdict(evidence).state).toBe(state);
  });

  it('begins with the first look: what was announced before is not held against anybody', () => {
    const evidence = { announced: [announced(8)], isLogged: true, versions: version(V1, 100) };
    const first = judge('contoso', evidence, now);
    expect(first).toEqual({ vault: 'contoso', state: 'untested', watchedSince: now.toISOString() });
  });

  it('names the announcement, its certificate and the last event', () => {
    const found = verdict({ announced: [announced(8)], arrivals: { lastAt: ago(9) }, versions: version(V1, 100) });
    expect(found).toEqual({
      ...{ vault: 'contoso', state: 'dead', watchedSince: ago(240) },
      ...{ announcedAt: ago(8), certificate: 'shop', lastAt: ago(9) },
    });
  });

  const dead: EventPath = { ...before, state: 'dead', announcedAt: ago(200), certificate: 'shop' };
  it.each([
    ['stays dead, however old the announcement becomes, while nothing comes', ago(201), 'dead'],
    ['is no longer dead once something came', ago(3), 'untested'],
  ])('%s', (_, lastAt, state) => {
    expect(verdict({ before: dead, arrivals: { lastAt } }).state).toBe(state);
  });

  it('has a documented meaning for every state', () => {
    for (const meaning of Object.values(eventPathStates)) expect(meaning).toMatch(/^[A-Z].+\.$/);
  });
});

it.each([
  ['later', 0, true],
  ['a little earlier, by another clock', 0.08, true],
  ['earlier', 0.1, false],
])('an event that came %s answers: %s hours', (_, earlier, heard) => {
  expect(isHeard(ago(5), ago(5 + earlier))).toBe(heard);
});
