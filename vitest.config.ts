import { defineConfig } from 'vitest/config';

/** Of programs that run, on a machine that others use, too. */
const REAL = [
  ...['live', 'cli', 'binary', 'effects', 'demo'].map((folder) => `test/${folder}/**/*.test.ts`),
  'test/tapes/cli.test.ts', 'test/evidence/reader.test.ts', 'test/evidence/native/*.test.ts', 'test/render/pipe.test.ts',
];

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
