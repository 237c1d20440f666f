/** Native calls on files and instances of our own, for commands that try things out. */
import { isMachineKnown } from './native/kcmp.ts';
import { loadLibc } from './native/libc.ts';
import { exchange, writeMapped } from './native/own-files.ts';
import { openOwnInotify, type OwnInotify } from './native/own-inotify.ts';

export interface OwnCalls {
  /** Throws EMFILE, ENOSYS. */
  openInotify(): OwnInotify;
  /** renameat2(RENAME_EXCHANGE). Throws EINVAL where the file system cannot. */
  exchange(first: string, second: string): void;
  /** Writes `text` to the begin of `path` through a shared mapping; `source` is a file to take it from. */
  writeMapped(path: string, source: string, text: string): void;
}

/** Null where there are no native calls. */
export function loadOwnCalls(): OwnCalls | null {
  if (process.env.RELOADCTL_NO_NATIVE || process.platform !== 'linux' || !isMachineKnown()) return null;
  const libc = loadLibc();
  if (libc === null) return null;
  return {
    openInotify: () => openOwnInotify(libc),
    exchange: (first, second) => exchange(libc, first, second),
    writeMapped: (path, source, text) => writeMapped(libc, path, source, text),
  };
}
