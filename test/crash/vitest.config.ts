import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'crash',
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: 'test/crash/report.ts',
    include: ['test/crash/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
