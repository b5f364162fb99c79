import { defineConfig } from 'vitest/config';

const isGiven = process.env.PERENNIAL_TEST_CONFORMANCE !== undefined;

/**
 * Every issuer against its CA: no part of `npm test`. Programs of others are told as NOT RUN where they are missing.
 * With a server that somebody has named, that one alone.
 */
export default defineConfig({
  test: {
    name: 'conformance',
    pool: 'forks',
    include: isGiven ? ['test/conformance/given-server.ts'] : ['test/conformance/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
