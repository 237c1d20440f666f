/** Files that are published beside the program: pages, the schema, programs of its own. In the single file they are embedded. */
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

/** Bun calls what it embedded by this path, which is no folder of the host. */
const EMBEDDED = 'file:///$bunfs/';

/** Are we `npm run build:binary`'s executable, with no Node and no package around us? */
export function isSingleFile(): boolean {
  return import.meta.url.startsWith(EMBEDDED);
}

/** Programs of ours that run as processes of their own: entries of scripts/build.mjs, cases of src/single-file.ts. */
export type OwnProgram = 'demo-server' | 'demo-machine' | 'probe' | 'node-helper';

/** First argument of the single file when it shall be one of its programs, whose name follows. */
export const PROGRAM_FLAG = '--reloadctl-program';

/** The command line that starts a program of ours. Throws UserError (exit 3) when the package was taken apart. */
export function ownProgram(name: OwnProgram): { file: string; args: string[] } {
  return { file: process.execPath, args: isSingleFile() ? [PROGRAM_FLAG, name] : [packageFile(`dist/${name}.${name === 'node-helper' ? 'cjs' : 'js'}`)] };
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
