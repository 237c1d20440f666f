/** What the readers share. */
import type { Answer, Errno } from './types.ts';

/** An answer before it is stamped with time and source. */
export type Reply<T> = Pick<Answer<T>, 'value' | 'errno'>;

/** Why there is no answer from a child that was given up on. */
export function silence(children: { interrupted(): boolean }): Errno {
  return children.interrupted() ? 'EINTR' : 'ETIMEDOUT';
}

/** What a second try gets at least, ms. */
export const RETRY_MS = 200;

/** Linux promises 128 KiB for arguments and environment together, whatever the limits. */
const MAX_ARGUMENT_BYTES = 100_000;
/** A pointer and the NUL. */
const ARGUMENT_COST = 9;

/** As many of `paths`, from the first on, as fit one command line; `extra` bytes go with each. At least one. */
export function chunkOf(paths: readonly string[], extra: number): readonly string[] {
  let bytes = 0;
  const end = paths.findIndex((path, index) => {
    bytes += Buffer.byteLength(path) + ARGUMENT_COST + extra;
    return index > 0 && bytes > MAX_ARGUMENT_BYTES;
  });
  return end === -1 ? paths : paths.slice(0, end);
}

export function refuse<T>(count: number, errno: Errno): Reply<T>[] {
  return Array.from({ length: count }, () => ({ errno }));
}

/** /proc/self means us, also when a child looks. */
export function throughSelf(path: string): string {
  return path.startsWith('/proc/self/') ? `/proc/${process.pid}/${path.slice('/proc/self/'.length)}` : path;
}
