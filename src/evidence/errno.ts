/** From exceptions and messages of programs to errno names. */
import type { Errno } from './types.ts';

/**
 * The errno name of an exception that the system (or a native call) threw.
 * @throws the exception itself when it is none of the system's: it is a bug of ours, not an answer
 */
export function errnoOf(error: unknown): Errno {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (typeof code !== 'string' || code.startsWith('ERR_')) throw error;
  return code;
}

/** strerror(3) texts of the C locale; where musl says it differently, both. */
const MESSAGES = new Map<string, Errno>([
  ['No such file or directory', 'ENOENT'],
  ['Permission denied', 'EACCES'],
  ['Operation not permitted', 'EPERM'],
  ['No such process', 'ESRCH'],
  ['Input/output error', 'EIO'],
  ['I/O error', 'EIO'],
  ['Transport endpoint is not connected', 'ENOTCONN'],
  ['Socket not connected', 'ENOTCONN'],
  ['Stale file handle', 'ESTALE'],
  ['Is a directory', 'EISDIR'],
  ['Not a directory', 'ENOTDIR'],
  ['Too many levels of symbolic links', 'ELOOP'],
  ['Symbolic link loop', 'ELOOP'],
  ['Invalid argument', 'EINVAL'],
  ['No such device', 'ENODEV'],
  ['No such device or address', 'ENXIO'],
  ['Host is down', 'EHOSTDOWN'],
  ['Too many open files', 'EMFILE'],
  ['Cannot allocate memory', 'ENOMEM'],
  ['Out of memory', 'ENOMEM'],
  ['File name too long', 'ENAMETOOLONG'],
]);

/**
 * Why a program of the C locale could not read some of its arguments, by argument.
 * Understands `cat: PATH: MESSAGE` (GNU), `cat: can't open 'PATH': MESSAGE` (busybox), `... (os error N)` (uutils).
 * A message outside the table becomes EIO: something was wrong with that argument, and silence would hide it.
 */
export function errnoByPath(standardError: string): Map<string, Errno> {
  const byPath = new Map<string, Errno>();
  for (const line of standardError.split('\n')) {
    const path = / '?(\/[^']*?)'?: /.exec(line);
    if (path?.[1] === undefined) continue;
    const message = line.slice(path.index + path[0].length).replace(/ \(os error \d+\)$/, '');
    byPath.set(path[1], errnoOfMessage(message));
  }
  return byPath;
}

/** The errno behind a strerror(3) text of the C locale; EIO for one that is not known. */
export function errnoOfMessage(message: string): Errno {
  return MESSAGES.get(message) ?? 'EIO';
}
