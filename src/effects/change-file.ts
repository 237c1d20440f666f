/** Changes a file of the user's own the way that programs do it, and puts back what was there: on every way out, kill -9 of us included. */
import { isUtf8 } from 'node:buffer';
import { chmodSync, chownSync, copyFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { openUndo, type Undo } from './undo.ts';

/** `inplace`: emptied and written; `rename`: a new file takes its name; `symlink`: the link is replaced; `k8s`: the `..data` of a mounted ConfigMap is. */
export type ChangeManner = 'inplace' | 'rename' | 'symlink' | 'k8s';
export const CHANGE_MANNERS: readonly ChangeManner[] = ['inplace', 'rename', 'symlink', 'k8s'];

export interface ChangeableFile {
  manner: ChangeManner;
  /** What was there at first. */
  original: string;
  /** Throws what the file system refuses, with `code`. */
  write(text: string): void;
  /** Puts back what was there. */
  restore(): void;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** $1 the copy, $2 the file or link, $3 what the link led to before, or nothing. */
const PUT_BACK = 'if [ -n "$3" ]; then ln -sfn -- "$3" "$2.reloadctl" && mv -fT -- "$2.reloadctl" "$2"; else cat -- "$1" >"$2"; fi; rm -rf -- "$(dirname -- "$1")"';

/** How this file is usually changed. Undefined: nothing is there that could be changed so. */
export function mannerOf(path: string): ChangeManner {
  if (isLink(join(dirname(path), '..data'))) return 'k8s';
  return isLink(path) ? 'symlink' : 'rename';
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** @throws Error with words for people when the file cannot be changed in this manner */
export async function openChangeableFile(path: string, manner: ChangeManner): Promise<ChangeableFile> {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error(`${path} is no file`);
  if (stat.size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes`);
  const link = manner === 'k8s' ? join(dirname(path), '..data') : path;
  if ((manner === 'k8s' || manner === 'symlink') && !isLink(link)) throw new Error(`${link} is no symbolic link, and ${manner} replaces one`);
  // What is no UTF-8 is put back byte by byte, too.
  const bytes = readFileSync(path);
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  const original = bytes.toString(encoding);
  const before = manner === 'k8s' || manner === 'symlink' ? readlinkSync(link) : '';
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-drill-'));
  const copy = join(folder, basename(path));
  copyFileSync(path, copy);
  let undo: Undo;
  try {
    undo = await openUndo('/bin/sh', ['-c', PUT_BACK, 'sh', copy, link, before]);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const made: string[] = [];
  let count = 0;
  const aside = (): string => `${path}.reloadctl-${process.pid}-${++count}`;
  const replaceLink = (target: string): void => {
    const temporary = `${link}.reloadctl-${process.pid}`;
    symlinkSync(target, temporary);
    renameSync(temporary, link);
  };
  /** A new file that whoever could read the one before can read. */
  const writeNew = (file: string, text: string): void => {
    writeFileSync(file, text, { mode: stat.mode, encoding });
    if (process.geteuid?.() === 0) chownSync(file, stat.uid, stat.gid);
    chmodSync(file, stat.mode);
  };
  const write = (text: string): void => {
    if (manner === 'inplace') writeFileSync(path, text, encoding);
    else if (manner === 'rename') {
      const temporary = aside();
      writeNew(temporary, text);
      renameSync(temporary, path);
    } else if (manner === 'symlink') {
      const fresh = aside();
      writeNew(fresh, text);
      made.push(fresh);
      replaceLink(basename(fresh));
    } else {
      const now = join(dirname(link), readlinkSync(link));
      const fresh = join(dirname(link), `..reloadctl_${process.pid}_${++count}`);
      mkdirSync(fresh);
      made.push(fresh);
      for (const name of readdirSync(now)) copyFileSync(join(now, name), join(fresh, name));
      writeNew(join(fresh, basename(path)), text);
      replaceLink(basename(fresh));
    }
  };
  return {
    manner,
    original,
    write,
    restore: () => {
      if (before !== '') replaceLink(before);
      else write(original);
      undo.done();
      for (const one of made) rmSync(one, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
