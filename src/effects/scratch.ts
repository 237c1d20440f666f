/** A fresh directory of our own to try things out in, gone on every way out of the tool, kill -9 included. */
import { spawn } from 'node:child_process';
import {
  appendFileSync, chmodSync, closeSync, fchmodSync, futimesSync, linkSync, mkdirSync, openSync, readFileSync, realpathSync,
  renameSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Scratch {
  /** Its absolute path, without symbolic links. */
  path: string;
  /** Removes it with all that is in it. Safe to call twice. */
  remove(): void;
}

/** What is done to files in it. Every function throws what the file system refuses, with `code`. */
export const files = {
  append: (path: string, text: string): void => appendFileSync(path, text),
  /** Empties and writes anew, in place. */
  rewrite: (path: string, text: string): void => writeFileSync(path, text),
  /** A new file; throws EEXIST. */
  create: (path: string, text: string): void => writeFileSync(path, text, { flag: 'wx' }),
  truncate: (path: string): void => truncateSync(path, 0),
  /** As mv does from another file system: a new file, its rights and times set before it is closed. */
  copyIn: (path: string, text: string): void => {
    const fd = openSync(path, 'wx', 0o600);
    try {
      writeSync(fd, text);
      futimesSync(fd, 1, 1);
      fchmodSync(fd, 0o644);
    } finally {
      closeSync(fd);
    }
  },
  chmod: (path: string, mode: number): void => chmodSync(path, mode),
  rename: (from: string, to: string): void => renameSync(from, to),
  unlink: (path: string): void => unlinkSync(path),
  link: (from: string, to: string): void => linkSync(from, to),
  symlink: (target: string, path: string): void => symlinkSync(target, path),
  directory: (path: string): void => void mkdirSync(path),
  removeAll: (path: string): void => rmSync(path, { recursive: true, force: true }),
  /** Opened for reading until the function that comes back is called. */
  hold: (path: string): (() => void) => {
    const fd = openSync(path, 'r');
    return () => closeSync(fd);
  },
  /** A file for many small writes. */
  writer: (path: string): { write(text: string): void; close(): void } => {
    const fd = openSync(path, 'a');
    return { write: (text) => void writeSync(fd, text), close: () => closeSync(fd) };
  },
  content: (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};

/** The directory of a path as the kernel knows it. Throws ENOENT, ENOTDIR, EACCES, ELOOP. */
export function realDirectory(path: string): string {
  const real = realpathSync.native(path);
  if (!statSync(real).isDirectory()) throw Object.assign(new Error(`ENOTDIR: ${path}`), { code: 'ENOTDIR' });
  return real;
}

/**
 * The guard is there before the directory: it waits at a pipe that only we hold open, and removes the directory when we are gone.
 * Throws what mkdir refuses: EROFS, EACCES, ENOSPC, EDQUOT.
 */
export async function openScratch(parent: string): Promise<Scratch> {
  const path = join(parent, `.reloadctl-probe-${process.pid}-${process.getBuiltinModule('node:crypto').randomBytes(6).toString('hex')}`);
  const guard = spawn('/bin/sh', ['-c', 'read -r answer; [ "$answer" = done ] || rm -rf -- "$1"', 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
  await new Promise<void>((resolve, reject) => guard.once('spawn', resolve).once('error', reject));
  guard.stdin?.on('error', () => undefined);
  let there = false;
  const remove = (): void => {
    process.off('exit', remove);
    guard.unref();
    try {
      if (there) rmSync(path, { recursive: true, force: true });
      guard.stdin?.end('done\n');
    } catch {
      // What a stale handle or a busy file refused us, the guard tries once more.
      guard.stdin?.end();
    }
    there = false;
  };
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    remove();
    throw error;
  }
  there = true;
  process.on('exit', remove);
  return { path, remove };
}
