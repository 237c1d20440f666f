/** The program of fixtures/programs/go-deps: other people's libraries, built once per test file. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { plainEnv } from './child.ts';
import { findProgram } from './need.ts';
import { ownFolder } from './program.ts';

const SOURCE = fileURLToPath(new URL('../../../fixtures/programs/go-deps', import.meta.url));
let built: Promise<string | undefined> | undefined;

/** Its modules come from the proxy, which is not everywhere: undefined where it, or Go, is missing and nobody insists. */
export function buildGoDeps(): Promise<string | undefined> {
  return (built ??= buildNow());
}

async function buildNow(): Promise<string | undefined> {
  if (findProgram('go') === undefined) return undefined;
  const output = join(ownFolder('go-deps'), 'deps');
  try {
    await promisify(execFile)('go', ['build', '-o', output, '.'], { cwd: SOURCE, env: { ...process.env, ...plainEnv(), GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' } });
    return output;
  } catch (error) {
    if (process.env.RELOADCTL_TEST_REQUIRE === 'all') throw error;
    return undefined;
  }
}
