/**
 * Entry of the Node build: runs the bundle of the command that is asked for. To compile one takes as long as Node itself takes
 * to start, so what V8 made of it is kept beside it, as Python does with its modules: by nobody but the owner of the folder, who
 * could change the program too, and one file for each Node.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { askedCommand } from './asked-command.ts';

/** By scripts/build.mjs: the bundles of the commands that are not in that of all others, and what the text of each hashes to. */
declare const BUNDLES: Record<string, string>;
declare const HASHES: Record<string, string>;

const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

interface Program {
  main(argv: string[]): Promise<void>;
  engineAsStarted(): void;
}

/** Runs one command line; see cli.ts. Throws what the system says when the program cannot be read. */
export async function main(argv: string[]): Promise<void> {
  const asked = askedCommand(argv) ?? '';
  const bundle = Object.hasOwn(BUNDLES, asked) ? BUNDLES[asked]! : 'cli';
  const path = join(__dirname, `${bundle}.cjs`);
  const kept = join(__dirname, `${bundle}-${HASHES[bundle]}-${process.version}-${process.arch}.v8`);
  const cachedData = readKept(kept);
  // All of it is ASCII, and V8 is quicker with one byte per character. What it cannot use of another V8 it leaves.
  const script = new Script(`${HEAD}${readFileSync(path, 'latin1')}\n})`, {
    filename: path,
    columnOffset: -HEAD.length,
    ...(cachedData && { cachedData }),
  });
  const module = { exports: {} as Program };
  script.runInThisContext()(module.exports, require, module, path, __dirname);
  await module.exports.main(argv);
  // Nothing is kept of functions that did not run: of a look most did, of a word on usage few.
  if ((!cachedData || script.cachedDataRejected) && asked !== '' && process.exitCode !== 2 && !argv.some(isHelp)) {
    module.exports.engineAsStarted();
    keep(script, kept);
  }
}

function isHelp(word: string): boolean {
  return word === 'help' || word === '-h' || word === '--help';
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Whole or not at all. A disk that is full or read-only costs nothing but the next start. */
function keep(script: Script, path: string): void {
  const beside = `${path}.${process.pid}`;
  try {
    if (statSync(__dirname).uid !== process.geteuid?.()) return;
    const file = openSync(beside, 'wx', 0o644);
    try {
      writeFileSync(file, script.createCachedData());
      fsyncSync(file);
      renameSync(beside, path);
    } catch {
      rmSync(beside, { force: true });
    } finally {
      closeSync(file);
    }
  } catch {
    // Then not.
  }
}
