/** The single file, as `npm run build:binary` makes it, run where nothing else is: no files, no environment, no PATH. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect } from 'vitest';
import { ownFolder } from '../../live/support/program.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BUILT = join(ROOT, `dist/reloadctl-linux-${process.arch}`);
const BUILD_MS = 300_000;
const RUN_MS = 60_000;

const mustBuild = process.env.RELOADCTL_TEST_REQUIRE === 'all';
let copy = '';

/** A describe() that is skipped where the single file is not built; it is built anew when nothing may be skipped. */
export function describeSingleFile(name: string, body: () => void): void {
  if (!mustBuild && !existsSync(BUILT)) {
    describe.skip(`${name} (skipped: not built, npm run build:binary)`, body);
    return;
  }
  describe(name, () => {
    beforeAll(() => {
      if (copy !== '') return;
      if (mustBuild) build();
      // Elsewhere than in the repository, and untouched by whoever builds meanwhile.
      copy = join(ownFolder('single-file'), 'reloadctl');
      copyFileSync(BUILT, copy);
    }, BUILD_MS);
    body();
  });
}

function build(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/build-binary.mjs')], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

/** Its path. */
export function singleFile(): string {
  return copy;
}

export interface Surroundings {
  /** An empty folder unless told. */
  cwd?: string;
  /** The whole environment; nothing unless told. */
  env?: NodeJS.ProcessEnv;
  input?: string;
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the single file to its end. */
export function alone(args: readonly (string | number)[], { cwd = ownFolder('empty'), env = {}, input = '' }: Surroundings = {}): Promise<Ran> {
  const child = spawn(copy, args.map(String), { cwd, env, stdio: 'pipe', timeout: RUN_MS, killSignal: 'SIGKILL' });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stderr += chunk;
  });
  child.stdin.on('error', () => undefined); // it may exit without reading
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...texts }));
  });
}
