/** One descriptor kept for bad times: a tool for processes that run out of descriptors must be able to look when it has none itself. */
import { closeSync, openSync } from 'node:fs';

export interface Spare {
  /** After `error` said that we are out of descriptors: asks again with the spare given back. @throws `error` when there is none, or what the second try throws */
  retry<T>(error: unknown, question: () => T): T;
  close(): void;
}

/** @throws EMFILE or ENFILE when there is none to spare */
export function openSpare(): Spare {
  let fd: number | undefined = open();
  const giveBack = (): void => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  return {
    retry(error, question) {
      if (fd === undefined) throw error;
      giveBack();
      try {
        return question();
      } finally {
        fd = reopen();
      }
    },
    close: giveBack,
  };
}

/** In a root that was made for one program there is no /dev. */
function open(): number {
  try {
    return openSync('/dev/null', 'r');
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    return openSync('/', 'r');
  }
}

/** Somebody else of this process may have taken it meanwhile. */
function reopen(): number | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

/** EMFILE: this process has no number left; ENFILE: the host has no file left. */
export function isOutOfDescriptors(error: unknown): error is Error & { code: 'EMFILE' | 'ENFILE' } {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}
