import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'smoke',
    pool: 'forks',
    maxWorkers: 2,
    include: ['test/smoke/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
