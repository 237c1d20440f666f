import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends a run with the one line that people and CI look for: `N passed, N failed, N skipped`. Before it, a line for each test
 * that failed, and for each that passed only when tried again, with the reason: no failure is passed over in silence.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const error of unhandledErrors) process.stdout.write(`failed: outside of any test: ${reason([error])}\n`);
    let skipped = 0;
    for (const module of modules) {
      // A file that could not be collected has no tests to count: it is a failure all the same.
      if (module.errors().length > 0) {
        failed++;
        process.stdout.write(`failed: ${module.relativeModuleId}: ${reason(module.errors())}\n`);
      }
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (test.diagnostic()?.flaky) process.stdout.write(told('passed when tried again', test));
        if (state === 'passed') passed++;
        else if (state === 'failed') {
          failed++;
          process.stdout.write(told('failed', test));
        } else skipped++;
      }
    }
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
}

function told(what: string, test: TestCase): string {
  return `${what}: ${test.module.relativeModuleId} > ${test.fullName}: ${reason(test.result().errors ?? [])}\n`;
}

/** The messages of errors on one line, which a log of CI can be searched for. */
function reason(errors: readonly unknown[]): string {
  const messages = errors.map((error) => (error instanceof Object && 'message' in error ? String(error.message) : String(error)));
  return messages.join('; ').replaceAll(/\s+/g, ' ').slice(0, 1000) || 'no reason was kept';
}
