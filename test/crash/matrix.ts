import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrashBench, openCrashBench } from './crash-bench.ts';
import { liveThrough } from './live-through.ts';
import { report } from './report.ts';
import type { Row } from './rows.ts';

/** Tests of these rows on a stand of their own, each with a certificate of its own. */
export function crashMatrix(name: string, rows: readonly Row[], seed: number): void {
  describe(name, () => {
    let bench: CrashBench;
    beforeAll(async () => {
      bench = await openCrashBench({ seed, certificates: rows.length });
    });
    afterAll(() => bench?.close());

    it.each(rows.map((row, index) => [titleOf(row), row, index] as const))('%s', async (_title, row, index) => {
      const seeded = bench.stand.estate.certificates[index];
      if (seeded === undefined) throw new TypeError(`no certificate ${index} is seeded`);
      const { stage, effect } = row.moment;
      const { killed, point } = row;
      try {
        const result = await liveThrough(bench, row, { seeded });
        report(result);
        expect(result.problems).toEqual([]);
      } catch (error) {
        const failed = { stage, effect, point, killed, pid: 0, at: 'never', outcome: 'failed', seconds: 0 };
        if (!(error instanceof Error && error.name === 'AssertionError'))
          report({ ...failed, problems: [String(error)] });
        throw error;
      }
    });
  });
}

function titleOf({ killed, point, moment }: Row): string {
  return `${moment.stage}, ${moment.effect}: ${killed} killed ${point}, and the renewal ends as if nothing had been`;
}
