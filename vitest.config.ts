import { defineConfig } from 'vitest/config';

/** Of programs that run, on a machine that others use, too. */
const REAL = ['test/live/**/*.test.ts', 'test/cli/**/*.test.ts', 'test/binary/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: REAL } },
      // Whoever is killed, starts or takes a port at a bad moment gets a second try; the closing lines name each that needed it.
      { extends: true, test: { name: 'real', include: REAL, retry: 1 } },
    ],
  },
});
