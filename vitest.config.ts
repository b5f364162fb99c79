import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The suites of `npm test`. `crash`, `security`, `nodes` and `issuers` take longer, or what not every machine has: each has its own file. */
const suite = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    pool: 'forks',
    // Vitest leaves a core to itself, and on two cores that is half of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      suite('unit', 10_000),
      suite('contract', 60_000),
      suite('replay', 30_000),
      suite('sim', 120_000),
      suite('e2e', 120_000),
      { test: { name: 'tidy', include: ['test/tidy.test.ts'], testTimeout: 30_000 } },
    ],
  },
});
