import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'smoke',
    pool: 'forks',
    // They wait most of the time: for a minute until the app reads its estate file again.
    maxWorkers: 3,
    include: ['test/smoke/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
