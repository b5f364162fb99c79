import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetReport, Report } from '../../local/stand/report.ts';
import { startProgram } from './program.ts';

const START = 'dist/local/start.mjs';
/** Waves of 1, 2, 3 and 6. */
const MACHINES = 12;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string;
  readonly said: string;
  readonly report: Report & { readonly fleet: FleetReport };
}

async function runFleet(run: string, ...more: string[]): Promise<Ended> {
  const file = join(folder, `${run}.json`);
  const places = ['--directory', join(folder, run), '--settings', join(folder, `${run}.settings.json`)];
  const wanted = ['--once', '--fleet', String(MACHINES), '--port', '0', '--base-port', '0', '--report', file];
  const program = startProgram(START, [...wanted, ...places, ...more]);
  const code = await program.ended;
  return { code, said: program.lines.join('\n'), report: JSON.parse(await readFile(file, 'utf8')) as Ended['report'] };
}

const countsOf = ({ report }: Ended) =>
  report.fleet.waves.map(({ machines, told, serving }) => [machines, told, serving]);

describe('npm start -- --once --fleet', () => {
  it('renews a client certificate on every machine, wave by wave, with a write and a look each', async () => {
    const ended = await runFleet('whole');
    const { code, said, report } = ended;
    expect(code, said).toBe(0);
    expect(report.renewals).toMatchObject([{ outcome: 'renewed', outcomeReason: 'served' }]);
    expect(countsOf(ended)).toEqual([1, 2, 3, 6].map((count) => [count, count, count]));
    expect(report.fleet.serving).toEqual({ new: MACHINES, old: 0, other: 0 });
    expect(report.fleet.arm).toEqual({ writes: MACHINES, reads: MACHINES, deletes: 0, throttled: 0 });
    expect(said).toMatch(/^ +\d+\.\d s {2}wave 3 of 4: all 3 serve the new certificate; ARM \d+ writes/m);
    expect(said).toContain('Time goes 5 times as fast as in Azure');
    expect(said).toContain('12 machines serve the new certificate, 0 the old one');
  });

  it('leaves later waves untouched when a machine of the first one lies, and says who serves what', async () => {
    const ended = await runFleet('canary', '--fault', 'canary');
    const { code, said, report } = ended;
    expect(code, said).toBe(1);
    const [renewal] = report.renewals;
    expect(['rolled-back', 'partly-deployed']).toContain(renewal?.outcome);
    expect(countsOf(ended)).toEqual([
      [1, 1, 0],
      [2, 0, 0],
      [3, 0, 0],
      [6, 0, 0],
    ]);
    expect(report.fleet.serving).toEqual({ new: 0, old: MACHINES, other: 0 });
    expect(said).toContain('wave 2 of 4: 2 machines, untouched');
    expect(said).toMatch(/-0001 \(wave 1\) was told, and serves the old certificate/);
  });

  it('does the rest when one machine is off, and says which one is left', async () => {
    const ended = await runFleet('off', '--fault', 'off');
    const { code, said, report } = ended;
    expect(code, said).toBe(1);
    expect(report.renewals).toMatchObject([{ outcome: 'partly-deployed', outcomeReason: 'targets-unverified' }]);
    expect(report.fleet.serving).toEqual({ new: MACHINES - 1, old: 1, other: 0 });
    const behind = report.fleet.machines.filter(({ servedSha256 }) => servedSha256 !== report.renewals[0]?.newSha256);
    expect(behind.map(({ wave, isTold }) => [wave, isTold])).toEqual([[4, false]]);
    expect(said).toContain('wave 4 of 4: 6 machines, 5 told, 5 serve the new certificate, 1 do not');
    expect(said).toMatch(/-0012 \(wave 4\) took no command, and serves the old certificate/);
  });
});
