import { defineConfig } from 'vitest/config';

/** Measures how fast the app answers, so that nothing may run beside it: no part of `npm test`. */
export default defineConfig({
  test: {
    name: 'security',
    pool: 'forks',
    maxWorkers: 1,
    include: ['test/security/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
