import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Of programs that run, on a machine that others use, too. */
const REAL = [
  ...['live', 'cli', 'binary', 'effects', 'demo'].map((folder) => `test/${folder}/**/*.test.ts`),
  'test/tapes/cli.test.ts', 'test/evidence/reader.test.ts', 'test/evidence/live-tasks.test.ts', 'test/evidence/native/*.test.ts', 'test/render/pipe.test.ts',
];

/** `npm run drill:suite`: minutes. */
const LONG = process.env.RELOADCTL_DRILL_SUITE === '1' ? [] : ['test/live/drill-suite.test.ts'];

/** They measure how long programs take to answer: no files but these run beside. */
const TIMED = ['test/live/node/**/*.test.ts'];

/** vitest leaves one core to itself, which on two cores is one test file at a time; and most of the time they wait for programs. */
const WORKERS = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: REAL, maxWorkers: WORKERS } },
      // Whoever is killed, starts or takes a port at a bad moment gets another try; the closing lines name each that needed one.
      { extends: true, test: { name: 'real', include: REAL, exclude: [...TIMED, ...LONG], retry: 2, maxWorkers: WORKERS } },
      { extends: true, test: { name: 'node', include: TIMED, retry: 2, maxWorkers: WORKERS, maxConcurrency: 3, sequence: { groupOrder: 1 } } },
    ],
  },
});
