/**
 * What a machine must have for a live test. Absent: the test is skipped with one line that says so;
 * with RELOADCTL_TEST_REQUIRE=all it fails instead, so that CI cannot pass by skipping.
 */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';
import { olderGo } from './older-go.ts';
import { bunPath, DENO, FSNOTIFY, hasNode, hasWatchers, OTHER_NODES, PYTHON_PACKAGES } from './runtimes.ts';

const told = new Set<string>();
/** The same program, built by Go 1.19 to 1.26. */
export const ESBUILDS = join(import.meta.dirname, '../../../fixtures/esbuild/node_modules');

function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Debian keeps the server of each version in a folder of its own. */
function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql';
  return mayAccess(root, constants.R_OK) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
}

/** Path of a program, also of those in the sbin folders that a user's PATH lacks. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin', ...postgresFolders()];
  return folders.map((folder) => join(folder, name)).find((path) => mayAccess(path, constants.X_OK));
}

/** Not programs, but needed all the same. */
const CONDITIONS: Record<string, () => boolean> = {
  root: () => process.geteuid?.() === 0,
  // Mounted, as systemd does at start-up.
  tracefs: () => mayAccess('/sys/kernel/tracing/instances', constants.W_OK),
  fuse: () => mayAccess('/dev/fuse', constants.R_OK | constants.W_OK),
  // npm ci in fixtures/esbuild.
  'esbuild-of-go-versions': () => mayAccess(join(ESBUILDS, 'esbuild-0.16/bin/esbuild'), constants.X_OK),
  // npm ci in fixtures/node-peers.
  'node-peers': () => mayAccess(join(import.meta.dirname, '../../../fixtures/node-peers/node_modules/wtfnode/index.js'), constants.R_OK),
  // npm ci in fixtures/sarif-validator.
  'sarif-validator': () => mayAccess(join(import.meta.dirname, '../../../fixtures/sarif-validator/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool'), constants.R_OK),
  // npm ci in fixtures/test-runners.
  'test-runners': () => mayAccess(join(import.meta.dirname, '../../../fixtures/test-runners/node_modules/mocha/package.json'), constants.R_OK),
  // npm ci in fixtures/assemblyscript.
  assemblyscript: () => mayAccess(join(import.meta.dirname, '../../../fixtures/assemblyscript/node_modules/assemblyscript/bin/asc.js'), constants.R_OK),
  bun: () => bunPath() !== undefined,
  // npm ci in fixtures/runtimes/deno.
  deno: () => mayAccess(DENO, constants.X_OK),
  watchers: hasWatchers,
  'python-watchers': () => mayAccess(join(PYTHON_PACKAGES, 'watchfiles'), constants.R_OK),
  // The installed one, or the one it fetches itself.
  'go-before-1.26': () => olderGo() !== undefined,
  fsnotify: () => mayAccess(FSNOTIFY, constants.X_OK),
  ...Object.fromEntries(OTHER_NODES.map((major) => [`node${major}`, () => hasNode(major)])),
};

function isPresent(name: string): boolean {
  return CONDITIONS[name]?.() ?? findProgram(name) !== undefined;
}

/** Names among `names` (programs, `root`, `fuse`, `node24`) this machine lacks. */
export function missing(names: string[]): string[] {
  return names.filter((name) => !isPresent(name));
}

/** Whether all are present, for `it.skipIf(!need('redis-server'))`; says once what is not. Throws when all are required. */
export function need(...names: string[]): boolean {
  const absent = missing(names);
  if (absent.length > 0 && process.env.RELOADCTL_TEST_REQUIRE === 'all') throw new Error(`needs ${absent.join(', ')}`);
  for (const name of absent) {
    if (!told.has(name)) process.stderr.write(`skipped: needs ${name}\n`);
    told.add(name);
  }
  return absent.length === 0;
}

/** `describe` that needs programs: skipped without them, or failed by one test when all are required. */
export function describeNeeds(names: string[], name: string, body: () => void): void {
  const absent = missing(names);
  if (absent.length > 0 && process.env.RELOADCTL_TEST_REQUIRE === 'all') {
    describe(name, () => {
      it(`needs ${absent.join(', ')}`, () => {
        throw new Error(`needs ${absent.join(', ')}, and RELOADCTL_TEST_REQUIRE=all forbids to skip`);
      });
    });
    return;
  }
  describe.skipIf(!need(...names))(name, body);
}
