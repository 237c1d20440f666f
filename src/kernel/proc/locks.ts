/** /proc/locks, kernel fs/locks.c lock_get_status: `1: FLOCK  ADVISORY  WRITE 1234 fe:00:2195517 0 EOF`. */
import type { ByteString } from '../../evidence/types.ts';
import { wholeLines } from './scan.ts';

export interface FileLock {
  /** `FLOCK` (flock), `POSIX` (fcntl), `OFDLCK` (fcntl of the open file), `LEASE`, `DELEG`. */
  kind: string;
  write: boolean;
  /** Who took it, in our pid namespace: it may have ended since, 0 and -1 where it is not told. */
  pid: number;
  /** Of the super block. */
  major: number;
  minor: number;
  /** Decimal. */
  inode: string;
}

const LOCK = /^(\d+): (FLOCK|POSIX|OFDLCK|LEASE|DELEG|ACCESS) +\S+ +(\S+) (-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** Locks that are held; those that wait (`->`), and lines cut off or of another form, are left out. The device is hexadecimal. */
export function parseLocks(text: ByteString): FileLock[] {
  return wholeLines(text).flatMap((line) => {
    const [, , kind, access, pid, major, minor, inode] = LOCK.exec(`${line} `) ?? [];
    if (kind === undefined || inode === undefined) return [];
    return [{ kind, write: access === 'WRITE', pid: Number(pid), major: Number.parseInt(major!, 16), minor: Number.parseInt(minor!, 16), inode }];
  });
}

/** A lock that somebody waits for, and who has it. */
export interface AwaitedLock {
  /** As FileLock.pid. */
  waiter: number;
  holder: FileLock;
}

const WAITING = /^(\d+): +-> +(?:FLOCK|POSIX|OFDLCK) +\S+ +\S+ (-?\d+) /;

/** Those that wait (`->`): each stands below the lock it waits for, under the same number. */
export function parseAwaitedLocks(text: ByteString): AwaitedLock[] {
  const awaited: AwaitedLock[] = [];
  let held: { number: string; lock: FileLock } | undefined;
  for (const line of wholeLines(text)) {
    const [, number, waiter] = WAITING.exec(line) ?? [];
    if (number === undefined) {
      const [lock] = parseLocks(`${line}\n`);
      held = lock && { number: line.slice(0, line.indexOf(':')), lock };
    } else if (held?.number === number) awaited.push({ waiter: Number(waiter), holder: held.lock });
  }
  return awaited;
}

/** Is the lock on the file of this st_dev (as glibc's makedev packs it, decimal) and inode? */
export function isLockOn({ major, minor, inode }: FileLock, { dev, ino }: { dev: string; ino: string }): boolean {
  const packed = BigInt(dev);
  const theirs = { major: Number(((packed >> 8n) & 0xfffn) | ((packed >> 32n) & ~0xfffn)), minor: Number((packed & 0xffn) | ((packed >> 12n) & ~0xffn)) };
  return inode === ino && major === theirs.major && minor === theirs.minor;
}
