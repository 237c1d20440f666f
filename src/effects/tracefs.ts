/** An instance of the kernel's tracing of our own: made, filled, read and removed by plain files (Documentation/trace/ftrace.rst). */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf } from './procs.ts';
import type { UndoList } from './undo-list.ts';

const PLACES = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const PREFIX = 'reloadctl-';
/** Of the instance whose events are followed by the stack that made them. */
const STACKS = '-stacks';
const REMOVE_TRIES = 50;
/** Buffer of one processor, KiB. */
const LEAST_KB = 1024;
const MOST_KB = 16 * 1024;

/** Where tracefs is, and may be changed; else the errno of what stands in the way: ENOENT where it is not mounted. */
export function findTracefs(): { root: string; errno?: never } | { root?: never; errno: string } {
  let errno = 'ENOENT';
  for (const root of PLACES) {
    try {
      closeSync(openSync(join(root, 'set_event_pid'), constants.O_RDWR));
      return { root };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
      if (code !== 'ENOENT') errno = code;
    }
  }
  return { errno };
}

/** Mounts it where it belongs, and has it unmounted again. Undefined when the kernel refuses. */
export function mountTracefs(undo: UndoList): string | undefined {
  const root = PLACES[0]!;
  undo.add({ what: 'unmount', path: root });
  return spawnSync('mount', ['-t', 'tracefs', 'tracefs', root], { stdio: 'ignore' }).status === 0 ? root : undefined;
}

export function unmountTracefs(root: string): void {
  spawnSync('umount', [root], { stdio: 'ignore' });
}

/** Instances of owners that are gone: a machine that lost power in the middle of our guard. */
export function removeStale(root: string): void {
  for (const name of namesIn(join(root, 'instances'))) {
    const [, pid, startTime] = /^reloadctl-(\d+)-(\d+)(?:-stacks)?$/.exec(name) ?? [];
    if (pid !== undefined && startTimeOf(Number(pid)) !== startTime) removeInstance(join(root, 'instances', name));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export interface TraceInstance {
  readonly processors: number;
  /** Text of events/GROUP/NAME/format; undefined where this kernel has no such event. */
  format(event: string): string | undefined;
  /** @param filter only events of which this is true, where the kernel can tell (Documentation/trace/events.rst, 5) */
  enable(event: string, filter?: string): void;
  /** From now on also these threads, and whatever they start. */
  follow(tids: readonly number[]): void;
  start(): void;
  stop(): void;
  /** Hands out pages that are there, about so many at most. Returns the processors that have more. */
  drain(take: (page: Buffer, processor: number) => void, most: number): number[];
  /** How full the buffer is of the processor that has most in it, 0 to 1. */
  fullest(): number;
  /** Events that were lost: overwritten before we read them, or dropped. */
  lost(): number;
  remove(): void;
}

export interface InstanceOptions {
  /** Of all processors together. */
  memoryKb: number;
  /** Each event is followed by the stack of the program, as far as frame pointers lead. */
  stacks: boolean;
}

/** Throws what the kernel refuses: EACCES, ENOMEM, EEXIST. */
export function makeInstance(root: string, { memoryKb, stacks }: InstanceOptions, undo: UndoList): TraceInstance {
  const path = join(root, 'instances', `${PREFIX}${process.pid}-${startTimeOf(process.pid)}${stacks ? STACKS : ''}`);
  undo.add({ what: 'remove-instance', path });
  mkdirSync(path);
  const set = (file: string, text: string): void => writeFileSync(join(path, file), text);
  const pageBytes = pageBytesOf(path);
  const page = Buffer.alloc(pageBytes);
  let pipes: number[] = [];
  let bufferKb = LEAST_KB;
  try {
    set('tracing_on', '0');
    // Of the same clock as our own times.
    set('trace_clock', 'mono');
    const wantedKb = Math.floor(memoryKb / Math.max(1, namesIn(join(root, 'per_cpu')).length));
    bufferKb = Math.min(MOST_KB, Math.max(LEAST_KB, wantedKb));
    set('buffer_size_kb', String(bufferKb));
    set('options/event-fork', '1');
    if (stacks) set('options/userstacktrace', '1');
    pipes = namesIn(join(path, 'per_cpu')).map((cpu) => openSync(join(path, 'per_cpu', cpu, 'trace_pipe_raw'), constants.O_RDONLY | constants.O_NONBLOCK));
  } catch (error) {
    removeInstance(path);
    throw error;
  }
  return {
    processors: pipes.length,
    format: (event) => {
      try {
        return readFileSync(join(path, 'events', event, 'format'), 'latin1');
      } catch {
        return undefined;
      }
    },
    enable: (event, filter) => {
      if (filter !== undefined) {
        try {
          set(join('events', event, 'filter'), filter);
        } catch {
          // All of them, then.
        }
      }
      set(join('events', event, 'enable'), '1');
    },
    follow: (tids) => {
      const fd = openSync(join(path, 'set_event_pid'), constants.O_WRONLY | constants.O_APPEND);
      try {
        for (const tid of tids) {
          try {
            writeSync(fd, `${tid}\n`);
          } catch {
            // It has just ended.
          }
        }
      } finally {
        closeSync(fd);
      }
    },
    start: () => set('tracing_on', '1'),
    stop: () => set('tracing_on', '0'),
    drain: (take, most) =>
      pipes.flatMap((fd, processor) => {
        for (let pages = 0; pages < most / pipes.length; pages++) {
          if (!readOne(fd, page)) return [];
          take(page, processor);
        }
        return [processor];
      }),
    fullest: () => Math.max(0, ...statsOf(path).map((stats) => Number(/^bytes: (\d+)$/m.exec(stats)?.[1] ?? 0))) / (bufferKb * 1024),
    lost: () => statsOf(path).reduce((sum, stats) => sum + lostIn(stats), 0),
    remove: () => {
      for (const fd of pipes) closeSync(fd);
      pipes = [];
      removeInstance(path);
    },
  };
}

function readOne(fd: number, page: Buffer): boolean {
  try {
    return readSync(fd, page, 0, page.length, null) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}

/** `field: char data;	offset:16;	size:4080;` of events/header_page. */
function pageBytesOf(path: string): number {
  const text = readFileSync(join(path, 'events/header_page'), 'latin1');
  const [, offset, size] = /field: char data;\toffset:(\d+);\tsize:(\d+);/.exec(text) ?? [];
  return Number(offset ?? 16) + Number(size ?? 4080);
}

const statsOf = (path: string): string[] => namesIn(join(path, 'per_cpu')).map((cpu) => readFileSync(join(path, 'per_cpu', cpu, 'stats'), 'latin1'));

function lostIn(stats: string): number {
  return [...stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

/** Busy as long as one of its files is open. */
function removeInstance(path: string): void {
  for (let tries = 0; tries < REMOVE_TRIES && existsSync(path); tries++) {
    try {
      writeFileSync(join(path, 'tracing_on'), '0');
      rmdirSync(path);
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
