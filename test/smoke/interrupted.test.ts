import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSmokeBench, type SmokeBench } from './smoke-bench.ts';

let bench: SmokeBench;
beforeAll(async () => {
  bench = await openSmokeBench(32);
});
afterAll(() => bench.close());

describe('a run that is killed', () => {
  it('leaves a ledger, and --clean takes back what stands in it', async () => {
    const program = bench.start();
    await program.says(/^the vault has made keys and requests/);
    program.signal('SIGKILL');
    await program.ended;
    expect(await bench.leftovers()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^estate: /),
        expect.stringMatching(/^vaults: .*perennial-smoke-/),
        expect.stringMatching(/\.ledger$/),
      ]),
    );
    const clean = bench.start('--clean');
    expect(await clean.ended, clean.lines.join('\n')).toBe(0);
    expect(clean.lines.filter((line) => /^undone: certificate perennial-smoke-/.test(line))).toHaveLength(4);
    expect(await bench.leftovers()).toEqual([]);
  });

  it('is cleaned up once: a second --clean finds nothing', async () => {
    const clean = bench.start('--clean');
    expect(await clean.ended).toBe(0);
    expect(clean.lines.join('\n')).toContain('nothing to clean up');
  });
});

describe('a run that is interrupted', () => {
  it('takes everything back, ends with 130 and says what it had seen', async () => {
    const program = bench.start();
    await program.says(/ is bound to the first version/);
    program.signal('SIGINT');
    expect(await program.ended, program.lines.join('\n')).toBe(130);
    expect(await bench.leftovers(), program.lines.join('\n')).toEqual([]);
    const report = await bench.report();
    expect(report).toMatchObject({ ended: 'interrupted', exitCode: 2 });
    expect(report.undone.filter(({ state }) => state !== 'undone')).toEqual([]);
    expect(report.checks.find(({ id }) => id === 'question.2')?.verdict).toBe('pass');
  });
});
