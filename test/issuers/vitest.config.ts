import { defineConfig } from 'vitest/config';

/** Certificate authorities of others, each a program of its own: no part of `npm test`, and told as NOT RUN where one is missing. */
export default defineConfig({
  test: {
    name: 'issuers',
    pool: 'forks',
    include: ['test/issuers/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
