/** Other versions of Node, of the npm packages under fixtures/runtimes: `npm ci` in there fetches one. */
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
