/** The log of a recording: read while strace writes it, kept where that is asked for, and never large. */
import { tmpdir } from 'node:os';
import { type KeptLog, openKeptLog, openRawLog, type RawLog } from '../../effects/raw-log.ts';
import { growingLog, type LogInput } from '../../evidence/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';

/** What is kept at most, and what the log of strace may take of the disk. */
const MOST_KEPT = 4 * 2 ** 30;
export const MOST_LOG = 2 ** 30;
const ROOM_MS = 100;

/** What --dry-run says of it. */
export const LOG_PATH = '/proc/PID/fd/LOG';
export const logWords = (keep: string | undefined): string[] => [`# LOG is a file of reloadctl in ${tmpdir()}, 0600 and without a name`, ...(keep === undefined ? [] : [`# writes ${keep} (0600)`])];

/** @throws UserError where it cannot be written: before anything is done to anybody */
export function openKept(path: string | undefined): KeptLog | undefined {
  if (path === undefined) return undefined;
  try {
    return openKeptLog(path, MOST_KEPT);
  } catch (error) {
    throw new UserError(`--keep: ${(error as Error).message}`);
  }
}

/** @param orInMemory a command must not suffer from a full disk: strace would tell of it at each of its calls */
export function openLog(orInMemory = false): RawLog {
  try {
    return openRawLog(orInMemory);
  } catch (error) {
    throw new UserError(`the log of strace cannot be written: ${(error as Error).message}`, { exitCode: 3, hints: ['TMPDIR names another folder', 'or record by tracefs, which needs no file: --engine tracefs (root)'] });
  }
}

/** What of a log is read, is kept, and given back to the disk. @param isOver its writer has ended */
export function logInput(log: RawLog, kept: KeptLog | undefined, isOver: () => boolean): LogInput {
  const growing = growingLog('recording', log.fd, isOver);
  const room = setInterval(() => log.keepRoom(growing.position()), ROOM_MS);
  return {
    ...growing,
    read: async (into, at) => {
      const bytes = await growing.read(into, at);
      kept?.write(into.subarray(at, at + bytes));
      return bytes;
    },
    close: () => {
      clearInterval(room);
      log.close();
      kept?.close();
    },
  };
}

export function keptCoverage(kept: KeptLog | undefined): Coverage[] {
  return kept?.problem === undefined ? [] : [{ source: '--keep', status: 'partial', detail: kept.problem, needed: true }];
}
