import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../src/errors.ts';
import { explain } from './explain.ts';
import { faultKinds, faultNames } from './faults/catalogue.ts';
import { catalogueIds, elsewhere } from './faults/elsewhere.ts';
import { invariants } from './invariants/table.ts';
import { knownRegressions, readRegressions } from './regressions.ts';
import { runSeed, type SeedOptions } from './run-seed.ts';
import { accounts, addSeed, addTally, coverage, newTally, summary } from './tally.ts';
import type { Tamper } from './world/ground.ts';

async function traceOf(given: SeedOptions): Promise<string> {
  const hash = createHash('sha256');
  await runSeed({ ...given, onTrace: (line) => hash.update(`${line}\n`) });
  return hash.digest('hex');
}

describe('a seed', () => {
  it('lives the same life each time, whoever lived before it and in which process', async () => {
    const first = await traceOf({ seed: 7 });
    expect(await traceOf({ seed: 8 })).not.toBe(first);
    expect(await traceOf({ seed: 7 })).toBe(first);
    const program = execFileSync(process.execPath, ['dist/local/sim.mjs', '--seed', '7', '--trace']);
    expect(createHash('sha256').update(program).digest('hex')).toBe(first);
    // Both CAs have their part in it.
    expect(program.toString()).toContain('http ca POST finalize -> 200');
    expect(program.toString()).toContain(' issuance ');
  });

  it('renews everything in a calm world', async () => {
    const report = await runSeed({ seed: 2, mode: 'liveness', choice: { kinds: new Set() } });
    expect(report.violation).toBeUndefined();
    expect(report.injections).toEqual([]);
    expect(report.ends.map(({ outcome }) => outcome)).toContain('renewed');
  });
});

/** Takes a record that nobody answered for one that is kept: harmless until the journal does not answer. */
const deaf: Tamper = (app) => ({
  ...app,
  journal: {
    ...app.journal,
    append: async (renewalId, entry) => {
      try {
        return await app.journal.append(renewalId, entry);
      } catch (error) {
        if (!(error instanceof RenewalError) || error.code !== 'storage-unreachable') throw error;
        return { ...entry, renewalId, sequence: 0, previous: '', hash: '' };
      }
    },
  },
});

/** Says that a record was appended, and appends none. */
const forgetful: Tamper = (app) => ({
  ...app,
  journal: {
    ...app.journal,
    append: async (renewalId, entry) =>
      entry.step === 'merge' && entry.kind === 'intent'
        ? { ...entry, renewalId, sequence: 0, previous: '', hash: '' }
        : await app.journal.append(renewalId, entry),
  },
});

describe('a broken app', () => {
  it('is found without any fault when it leaves out a step', async () => {
    const { violation } = await runSeed({ seed: 2, choice: { kinds: new Set() }, tamper: forgetful });
    expect(violation).toMatchObject({
      invariant: 'I11',
      message: expect.stringContaining('without an intent of merge'),
    });
  });

  it('is found by the faults that show it, and told with no more of them than are needed', async () => {
    const choice = { kinds: new Set(['journal.fail', 'net.slow'] as const) };
    const given = { mode: 'safety', choice, tamper: deaf } as const;
    const { seed, injections } = await firstBroken(given);
    const told = await explain({ ...given, seed });
    expect(told[0]).toMatch(new RegExp(`^seed ${seed} \\(safety\\): I11 is broken: `));
    const needed = told.filter((line) => /^ {2}[\w.-]+@/.test(line));
    expect(told[1]).toBe(`${needed.length} of ${injections.length} faults are needed:`);
    expect(needed.length).toBeGreaterThan(0);
    expect(needed.length).toBeLessThan(injections.length);
    expect(needed.every((line) => line.startsWith('  journal.fail@'))).toBe(true);
    expect(told.join('\n')).toContain('VIOLATION I11');
    expect(told.at(-1)).toBe(
      `again: npm run sim -- --seed ${seed} --trace --mode safety --faults journal.fail,net.slow`,
    );
  });
});

async function firstBroken(given: Omit<SeedOptions, 'seed'>) {
  for (let seed = 1; seed <= 20; seed++) {
    const report = await runSeed({ ...given, seed });
    if (report.violation !== undefined) return report;
  }
  throw new TypeError('20 seeds did not find it');
}

describe('the report', () => {
  it('adds up what happened, across processes too', async () => {
    const parts = [newTally(), newTally()] as const;
    addSeed(parts[0], await runSeed({ seed: 5 }));
    addSeed(parts[1], await runSeed({ seed: 6 }));
    const sum = newTally();
    for (const part of parts) addTally(sum, part);
    expect(sum).toMatchObject({ seeds: 2, violations: [] });
    expect(sum.checks).toBe(parts[0].checks + parts[1].checks);
    expect(sum.checks).toBeGreaterThan(100);
    expect(Object.values(sum.faults).reduce((all, count) => all + count, 0)).toBe(sum.injected);
    expect(coverage(sum)).toHaveLength(faultNames.length);
    expect(summary(sum)).toMatch(
      /^2 seeds, 0\.0 simulated years, \d+ renewals, \d+ steps, \d+ faults of .* 0 violations$/,
    );
  });

  it('accounts for every fault of the catalogue once', () => {
    const named = new Set<string>(faultNames.flatMap((name) => faultKinds[name].ids));
    expect(catalogueIds).toHaveLength(83);
    expect([...named, ...elsewhere.map(({ id }) => id)].sort()).toEqual([...catalogueIds].sort());
    expect(accounts().at(-1)).toMatch(/^83 faults of the catalogue: \d+ injected, \d+ not here$/);
  });

  it('tells of every invariant whether it is active, and why not', () => {
    for (const { id, watch, missing } of invariants)
      expect([id, (watch === undefined) === (missing !== undefined)]).toEqual([id, true]);
  });
});

describe('a regression', () => {
  it('is read from a line of seed, mode, faults and story', () => {
    const [one, two] = readRegressions(
      '# a comment\n\n7 safety - it was lost\n8 liveness kv.500,ca.5xx it came back\n',
    );
    expect(one).toEqual({ given: { seed: 7, mode: 'safety', choice: {} }, tells: 'it was lost' });
    expect(two?.given.choice?.kinds).toEqual(new Set(['kv.500', 'ca.5xx']));
  });

  it.each([['7 safety'], ['seven safety - lost'], ['7 sometimes - lost']])('is refused when it says %j', (line) => {
    expect(() => readRegressions(line)).toThrow('line 1');
  });

  it.each(knownRegressions().map((one) => [one.tells, one.given] as const))(
    'stays mended: %s',
    async (_tells, given) => {
      expect((await runSeed(given)).violation).toBeUndefined();
    },
  );
});
