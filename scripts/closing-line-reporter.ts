import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends a run with the one line that people and CI look for: `N passed, N failed, N skipped`. Before it, each test that passed
 * only when tried again, and why it had not: no failure is passed over in silence.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      // A file that could not be collected has no tests to count: it is a failure all the same.
      if (module.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (test.diagnostic()?.flaky) process.stdout.write(secondTry(test));
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
}

function secondTry(test: TestCase): string {
  const why = test.result().errors?.map(({ message }) => message).join('; ') ?? 'no reason was kept';
  return `passed when tried again: ${test.module.relativeModuleId} > ${test.fullName}: ${why}\n`;
}
