import { describe, expect, it } from 'vitest';
import { countWaves, type FleetCount, type FleetMachine, stateOf } from '../../../../../local/stand/fleet/count.ts';
import { blockOf, createPainter, endOf, linesOf } from '../../../../../local/stand/fleet/view.ts';

const old = 'a'.repeat(64);
const renewed = 'b'.repeat(64);

const machine = (wave: number, isTold: boolean, servedSha256 = old): FleetMachine => ({
  ...{ machine: '/subscriptions/s', wave, isTold, servedSha256 },
});

const count = (machines: readonly FleetMachine[], seconds = 0): FleetCount => ({
  waves: countWaves(machines, renewed),
  arm: { reads: 3, writes: 2, deletes: 0, throttled: 1 },
  stage: 'deploy',
  verified: '1/3',
  seconds,
});

const begun = [machine(1, true, renewed), machine(2, true), machine(2, false)];

describe('the waves of a fleet, counted', () => {
  it('are those that were told and those that serve the new version', () => {
    expect(countWaves(begun, renewed)).toEqual([
      { wave: 1, machines: 1, told: 1, serving: 1 },
      { wave: 2, machines: 2, told: 1, serving: 0 },
    ]);
  });

  it('serve nothing new while there is no new version', () => {
    expect(countWaves(begun, undefined).map(({ serving }) => serving)).toEqual([0, 0]);
  });

  it.each([
    [{ told: 0, serving: 0 }, 'waits'],
    [{ told: 1, serving: 0 }, 'goes on'],
    [{ told: 2, serving: 2 }, 'is served'],
  ])('with %j: %s', (told, state) => {
    expect(stateOf({ wave: 1, machines: 2, ...told })).toBe(state);
  });
});

describe('the view of a rollout', () => {
  it('is a block of a line a wave, and what ARM was asked', () => {
    expect(blockOf(count(begun, 12.34))).toEqual([
      'wave    machines  told  serve the new certificate',
      '● 1 of 2        1     1     1',
      '◐ 2 of 2        2     1     0',
      ' 12.3 s  deploy, verified 1/3; ARM 2 writes, 3 reads, 1 × 429',
    ]);
  });

  it('tells what has changed, and nothing twice', () => {
    const before = count([machine(1, false), machine(2, false)]);
    expect(linesOf(before, undefined)).toEqual([]);
    const now = count([machine(1, true, renewed), machine(2, true)], 9);
    expect(linesOf(now, before)).toEqual([
      '  9.0 s  wave 1 of 2: all 1 serve the new certificate; ARM 2 writes, 3 reads, 1 × 429',
      '  9.0 s  wave 2 of 2: 1 of 1 machines told, 0 serve the new certificate; ARM 2 writes, 3 reads, 1 × 429',
    ]);
    expect(linesOf(now, now)).toEqual([]);
  });

  it('tells at the end which waves were left untouched, and how many do not serve the new version', () => {
    const canary = [machine(1, true), machine(1, true, renewed), machine(2, false)];
    expect(endOf(count(canary))).toEqual([
      'wave 1 of 2: 2 machines, 2 told, 1 serve the new certificate, 1 do not',
      'wave 2 of 2: 1 machines, untouched',
      'ARM 2 writes, 3 reads, 1 × 429',
    ]);
  });

  it.each([
    [true, 2],
    [false, 0],
  ])('paints over a terminal only (%s)', (isTTY, expected) => {
    const written: string[] = [];
    const painter = createPainter({ isTTY, write: (text) => void written.push(text) });
    for (let times = 0; times < 3; times += 1) painter.paint(count([machine(1, false)]));
    painter.end();
    expect(written.filter((text) => text.startsWith('\u001b[3A'))).toHaveLength(expected);
  });
});
