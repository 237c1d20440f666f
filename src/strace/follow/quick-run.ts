/**
 * The quick way for calls that are only counted, use a descriptor or close it, whole or in halves: two of three lines. They are taken one after
 * the other in one loop, because to call a function for each, with a time that V8 makes an object of, costs more than what they do.
 */
import { endRun, runWith, stealing } from '../calls/dup.ts';
import { bringsEvents } from '../calls/fanotify.ts';
import { HEX, ROW, SHAPE } from '../lexer/lexer.ts';
import type { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { Pending, Slot, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { LANE } from './lanes.ts';
import type { RecentThreads } from './recent-threads.ts';

const GREATER = 62;
/** A call that took longer is told by itself, unless it waits by its nature. */
export const SLOW_MICROS = 500_000;

export class QuickRun {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly lanes: Uint8Array;
  private readonly waits: Uint8Array;
  private readonly threads: RecentThreads;
  private readonly getsockopt: number;

  constructor(follower: Follower, model: Model, lanes: Uint8Array, waits: Uint8Array, threads: RecentThreads) {
    this.follower = follower;
    this.model = model;
    this.lanes = lanes;
    this.waits = waits;
    this.threads = threads;
    this.getsockopt = follower.names.text.indexOf('getsockopt');
  }

  /** Lines from `row` on, as long as they are such; answers the first row that is not. @param number of the line before */
  take({ buf, rows: { words, doubles } }: Block, row: number, end: number, filePid: number, number: number): number {
    const { clock, context, stats } = this.follower;
    const { fds } = this.model;
    // Without times, or since the line before: the other quick way.
    if (!clock.isTimed) return row;
    const { day } = clock;
    let { last } = clock;
    let pid = -1;
    let thread: Thread | undefined;
    let line = number;
    let at = row;
    for (; at < end; at += ROW.words) {
      const shape = words[at]!;
      if (shape < SHAPE.unfinished) break;
      const name = words[at + ROW.name]!;
      const lane = this.lanes[name]!;
      if (shape === SHAPE.call ? lane > LANE.close && lane !== LANE.look : lane > LANE.touch && (lane !== LANE.close || shape === SHAPE.unfinished)) break;
      const own = words[at + ROW.pid]!;
      if (own !== pid || thread === undefined) {
        const found = this.threads.of(own === 0 ? filePid : own);
        if (found === undefined || !found.isSeen) break;
        thread = found;
        pid = own;
      }
      const told = doubles[(at >> 1) + ROW.time]!;
      const time = told + day;
      if (told < 0 || !(time >= last)) break;
      if (shape === SHAPE.unfinished) {
        line++;
        last = time;
        if (time >= fds.clock.next) fds.clock.advance(time);
        enter(thread, name, words[at + ROW.fd]!, time, line);
        continue;
      }
      const micros = words[at + ROW.micros]!;
      if (micros >= SLOW_MICROS && this.waits[name] === 0) break;
      let half: Pending | undefined;
      if (shape === SHAPE.resumed) {
        half = thread.pending;
        if (half === undefined || half.name !== name || micros < 0) break;
      }
      const value = words[at + ROW.value]!;
      const isError = words[at + ROW.failed] === 1;
      let slot: Slot | undefined;
      if (lane === LANE.plain) {
        // A call that nobody knows returns a descriptor.
        if (value > 2 && !isError && buf[words[at + ROW.resultTo]! - 1] === GREATER) break;
      } else if (value === HEX) break;
      else if (lane === LANE.close) {
        if (isError || value !== 0) break;
        slot = half === undefined ? thread.table.slots.get(words[at + ROW.fd]!) : half.closed;
        if (slot === undefined) break;
      } else if (!isError) {
        if (lane === LANE.look) {
          // By its number, and an empty path.
          if (words[at + ROW.pathFrom] === 0 || words[at + ROW.pathFrom] !== words[at + ROW.pathTo]) break;
        } else {
          if (name === this.getsockopt) break;
          const fd = half === undefined ? words[at + ROW.fd]! : half.fd;
          if (fd >= 0) {
            slot = thread.table.slots.get(fd);
            if (slot === undefined || (value >= 16 && bringsEvents(slot.description.kind))) break;
          }
        }
      }

      line++;
      fds.line = line;
      last = time;
      clock.last = time;
      fds.time = time;
      if (time >= fds.clock.next) fds.clock.advance(time);
      thread.pending = undefined;
      stats.count(name, isError);
      if (micros >= 0) stats.took(name, micros);
      if (lane === LANE.close) {
        runWith(context, thread, slot!.fd);
        if (half !== undefined) slot!.closing = false;
        else {
          stealing(thread, slot!);
          fds.close(thread, slot!, 'close');
        }
      } else {
        if (thread.run.length > 0) endRun(context, thread);
        if (slot !== undefined) fds.use(slot, thread);
      }
    }
    if (line === number) return row;
    fds.line = line;
    fds.time = last;
    clock.last = last;
    fds.freshCount = 0;
    this.follower.stacks.begin();
    this.follower.lines += line - number;
    this.follower.lastTaken = line;
    this.follower.lastCaller = thread;
    return at;
  }
}

/** The first half of a call that makes no descriptor and closes none. */
function enter(thread: Thread, name: number, fd: number, time: number, line: number): void {
  const pending = thread.half;
  pending.name = name;
  pending.fd = fd;
  pending.time = time;
  pending.line = line;
  pending.closed = undefined;
  pending.args = '';
  pending.window = undefined;
  pending.matters = false;
  thread.pending = pending;
}
