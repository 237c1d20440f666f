/** An inotify instance of our own, for trying out what a file system tells. */
import { closeSync, readSync } from 'node:fs';
import { errnoOf } from '../errno.ts';
import { cString } from './in-root.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { callNumber } from './numbers.ts';

const IN_NONBLOCK_CLOEXEC = 0o2004000;
const FIONREAD = 0x541b;

/** struct inotify_event. */
export interface InotifyEvent {
  wd: number;
  mask: number;
  cookie: number;
  name: string;
}

export interface OwnInotify {
  /** Throws ENOSPC (fs.inotify.max_user_watches), ENOENT, EACCES, ... */
  add(path: string, mask: number): number;
  /** A watch that is gone already is no error. */
  remove(wd: number): void;
  /** All that waits. */
  read(): InotifyEvent[];
  /** Bytes that wait. */
  pending(): number;
  /** 8 ms and more when there are watches: the kernel waits for its readers. */
  close(): void;
}

/** Throws EMFILE (fs.inotify.max_user_instances, or RLIMIT_NOFILE), ENOSYS (no inotify in this kernel). */
export function openOwnInotify(libc: Libc): OwnInotify {
  const fd = check(libc, 'inotify_init1', libc.syscall(callNumber('inotifyInit1'), IN_NONBLOCK_CLOEXEC));
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  const waiting = Buffer.alloc(4);
  return {
    add: (path, mask) => {
      const bytes = cString(Buffer.from(path, 'utf8').toString('latin1'));
      return check(libc, 'inotify_add_watch', libc.syscall(callNumber('inotifyAddWatch'), fd, bytes, mask));
    },
    remove: (wd) => {
      libc.syscall(callNumber('inotifyRmWatch'), fd, wd);
    },
    read() {
      const events: InotifyEvent[] = [];
      for (;;) {
        let length: number;
        try {
          length = readSync(fd, buffer, 0, buffer.length, null);
        } catch (error) {
          if (errnoOf(error) === 'EAGAIN') return events;
          throw error;
        }
        if (length === 0) return events;
        decodeEvents(buffer.subarray(0, length), events);
      }
    },
    pending() {
      check(libc, 'ioctl', libc.syscall(callNumber('ioctl'), fd, FIONREAD, waiting));
      return waiting.readInt32LE(0);
    },
    close: () => closeSync(fd),
  };
}

function decodeEvents(bytes: Buffer, events: InotifyEvent[]): void {
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 12);
    const name = bytes.toString('utf8', at + 16, at + 16 + length).replace(/\0+$/, '');
    events.push({ wd: bytes.readInt32LE(at), mask: bytes.readUInt32LE(at + 4), cookie: bytes.readUInt32LE(at + 8), name });
    at += 16 + length;
  }
}
