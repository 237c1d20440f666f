/** Files that are published beside the program: pages, the schema, the demo's server. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './kernel/user-error.ts';

let root: string | undefined;

/**
 * Absolute path of a file of the installed package, `docs/findings/fd-growth.md`. Found from where this code itself is, never from
 * the working directory: nothing there may decide what is read or run.
 * Throws UserError (exit 3) when the package was taken apart.
 */
export function packageFile(path: string): string {
  root ??= findRoot(dirname(fileURLToPath(import.meta.url)));
  return join(root, path);
}

function findRoot(start: string): string {
  for (let directory = start; ; directory = dirname(directory)) {
    if (isRoot(directory)) return directory;
    if (directory === dirname(directory))
      throw new UserError(`the files of the package are not where ${start} is: install reloadctl again`, { exitCode: 3 });
  }
}

function isRoot(directory: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { name?: unknown }).name === 'reloadctl';
  } catch {
    return false;
  }
}
