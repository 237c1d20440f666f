/** Runtimes and watchers of the packages under fixtures: `npm ci` in there fetches one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const OTHER_NODES = [22, 24, 26] as const;

/** Where its executable is, or would be. */
export function nodeOf(major: (typeof OTHER_NODES)[number]): string {
  return fileURLToPath(new URL(`../../../fixtures/runtimes/node${major}/node_modules/node-linux-${process.arch}/bin/node`, import.meta.url));
}

export function hasNode(major: (typeof OTHER_NODES)[number]): boolean {
  return existsSync(nodeOf(major));
}

const BUNS = ['bun-linux-x64', 'bun-linux-aarch64'].map((name) => fileURLToPath(new URL(`../../../fixtures/runtimes/bun/node_modules/@oven/${name}/bin/bun`, import.meta.url)));

/** Path of Bun, which npm run build:binary fetches, too. */
export function bunPath(): string | undefined {
  return BUNS.find((path) => existsSync(path));
}

/** Of 64-bit x86 alone: registries lack the other one. */
export const DENO = ['linux-x64-glibc'].map((name) => fileURLToPath(new URL(`../../../fixtures/runtimes/deno/node_modules/@deno/${name}/deno`, import.meta.url)))[0]!;

const WATCHERS = fileURLToPath(new URL('../../../fixtures/watchers/', import.meta.url));
/** Built by: cd fixtures/watchers/fsnotify && go build -o watch . */
export const FSNOTIFY = `${WATCHERS}fsnotify/watch`;

/** Fetched by: cd fixtures/watchers/python && python3 -m pip install --target packages -r requirements.txt */
export const PYTHON_PACKAGES = `${WATCHERS}python/packages`;

/** Watching libraries of npm. */
export function hasWatchers(): boolean {
  return existsSync(`${WATCHERS}node_modules`);
}
