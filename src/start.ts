/**
 * Entry of the Node build: runs dist/cli.cjs. To compile that takes as long as Node itself takes to start, so what V8 made of it
 * is kept beside it, as Python does with its modules: by nobody but the owner of the folder, who could change the program too,
 * and one file for each Node.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** Of the text of dist/cli.cjs, by scripts/build.mjs. */
declare const BUILD: string;

const PROGRAM = join(__dirname, 'cli.cjs');
const KEPT = join(__dirname, `cli-${BUILD}-${process.version}-${process.arch}.v8`);
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

interface Program {
  main(argv: string[]): Promise<void>;
}

/** Runs one command line; see cli.ts. Throws what the system says when the program cannot be read. */
export async function main(argv: string[]): Promise<void> {
  const cachedData = readKept();
  // All of it is ASCII, and V8 is quicker with one byte per character. What it cannot use of another V8 it leaves.
  const script = new Script(`${HEAD}${readFileSync(PROGRAM, 'latin1')}\n})`, {
    filename: PROGRAM,
    columnOffset: -HEAD.length,
    ...(cachedData && { cachedData }),
  });
  const module = { exports: {} as Program };
  script.runInThisContext()(module.exports, require, module, PROGRAM, __dirname);
  await module.exports.main(argv);
  // Nothing is kept of functions that did not run: of a look most did.
  if (!cachedData && argv[0] === 'fds') keep(script);
}

function readKept(): Buffer | undefined {
  try {
    return readFileSync(KEPT);
  } catch {
    return undefined;
  }
}

/** Whole or not at all. A disk that is full or read-only costs nothing but the next start. */
function keep(script: Script): void {
  const beside = `${KEPT}.${process.pid}`;
  try {
    if (statSync(__dirname).uid !== process.geteuid?.()) return;
    const file = openSync(beside, 'wx', 0o644);
    try {
      writeFileSync(file, script.createCachedData());
      fsyncSync(file);
      renameSync(beside, KEPT);
    } catch {
      rmSync(beside, { force: true });
    } finally {
      closeSync(file);
    }
  } catch {
    // Then not.
  }
}
