/** The programs of fixtures/programs/reloads: ways in which reloads fail, and claims about them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { plainEnv } from './child.ts';
import { ownFolder } from './program.ts';

export const RELOADS = join(import.meta.dirname, '../../../fixtures/programs/reloads');

/** Builds those in Go; returns the path of the executable. */
export async function buildReloads(): Promise<string> {
  const output = join(ownFolder('reloads'), 'reloads');
  const env = plainEnv({ GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' });
  await promisify(execFile)('go', ['build', '-o', output, '.'], { cwd: join(RELOADS, 'go'), env });
  return output;
}
