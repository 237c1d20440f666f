/** A log that is still being written: read as it grows, to the end when its writer has ended. */
import { readSync } from 'node:fs';
import { LogInputError, type LogInput } from './log-input.ts';
import { errnoOf } from './errno.ts';

/** How long nothing is asked after nothing came, ms. */
const PAUSE_MS = 25;

/** @param fd stays open; @param isOver the writer has ended: what is there now is all; asked before each read */
export function growingLog(name: string, fd: number, isOver: () => boolean): LogInput {
  let position = 0;
  const take = (into: Buffer, at: number): number => {
    try {
      const bytes = readSync(fd, into, at, into.length - at, position);
      position += bytes;
      return bytes;
    } catch (error) {
      throw new LogInputError(`cannot be read (${errnoOf(error)})`, { cause: error });
    }
  };
  return {
    name,
    size: undefined,
    position: () => position,
    read: async (into, at) => {
      for (;;) {
        const ended = isOver();
        const bytes = take(into, at);
        if (bytes > 0 || ended) return bytes;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    },
    close: () => undefined,
  };
}
