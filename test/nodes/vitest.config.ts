import { defineConfig } from 'vitest/config';

/** Renews the seeded estate once a Node, which takes the machine for itself: no part of `npm test`. */
export default defineConfig({
  test: {
    name: 'nodes',
    pool: 'forks',
    maxWorkers: 1,
    include: ['test/nodes/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
