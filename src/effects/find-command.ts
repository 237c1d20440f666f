/** What the shell would start by this name, before it is started. */
import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const SET_ID = 0o6000;

export type FoundCommand = { path: string; setsId: boolean } | { code: 126 | 127; problem: string };

/** @param name with a slash a path, else looked for in PATH; codes as a shell gives them: 127 not found, 126 found and no program */
export function findCommand(name: string): FoundCommand {
  const places = name.includes('/') ? [name] : (process.env.PATH ?? '/usr/bin:/bin').split(delimiter).map((folder) => join(folder === '' ? '.' : folder, name));
  let refused: FoundCommand | undefined;
  for (const path of places) {
    let stat: Stats | undefined;
    try {
      stat = statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      // Folders of others in PATH are passed over, as a shell does.
      if (name.includes('/')) refused = { code: 126, problem: `${name} cannot be run (${(error as NodeJS.ErrnoException).code})` };
    }
    if (!stat) continue;
    if (stat.isDirectory()) refused ??= { code: 126, problem: `${name} is a directory` };
    else if (mayRun(path) && isBareText(path)) refused ??= { code: 126, problem: `${name} has no #! line: say which program runs it` };
    else if (mayRun(path)) return { path, setsId: (stat.mode & SET_ID) !== 0 };
    else refused ??= { code: 126, problem: `${name} is not executable` };
  }
  return refused ?? { code: 127, problem: `${name}: command not found` };
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A text that no kernel starts, though a shell would read it. What is not text may have a handler (binfmt_misc). */
function isBareText(path: string): boolean {
  const head = Buffer.alloc(128);
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const text = head.toString('latin1', 0, readSync(fd, head));
    closeSync(fd);
    return !text.startsWith('#!') && /^[\t\n\r -~]*$/.test(text);
  } catch {
    // It may be run and not read.
    return false;
  }
}

/** The first word among a command line that names a program which changes its user: `sudo`, also inside `sh -c "..."`. */
export function setIdProgramIn(command: readonly string[]): string | undefined {
  const words = new Set(command.flatMap((argument) => argument.split(/[\s;&|()<>"'`$]+/)).filter((word) => /^[\w./+-]+$/.test(word) && word.length < 256));
  for (const word of words) {
    const found = findCommand(word);
    if ('setsId' in found && found.setsId) return word;
  }
  return undefined;
}
