/**
 * The quick way through a log: of lines in the form that nearly all have, the lexer tells what they say, and what they do is done at once.
 * No text is made of them and no object. Whatever is unusual in a line leaves it, untouched, to the other way, which knows everything;
 * a test holds both to the same results.
 */
import { closeAtEntry, endRun } from '../calls/dup.ts';
import { HEX, type Lexer, ROW, SHAPE } from '../lexer/lexer.ts';
import { MOST_NAMES } from '../parse/names.ts';
import type { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { Pending, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { atLeast } from './log-time.ts';
import { hasPath, LANE, lanesOf } from './lanes.ts';
import { QuickCalls } from './quick-calls.ts';
import { QuickRun, SLOW_MICROS } from './quick-run.ts';
import { RecentThreads } from './recent-threads.ts';

const GREATER = 62;

export class Quick {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly lanes: Uint8Array;
  private readonly calls: QuickCalls;
  /** What waits by its nature. */
  private readonly waits: Uint8Array;
  private readonly threads: RecentThreads;
  private readonly run: QuickRun;

  constructor(follower: Follower, model: Model, traits: readonly number[]) {
    this.follower = follower;
    this.model = model;
    this.lanes = lanesOf(follower.names.text, follower.handlers, MOST_NAMES);
    this.waits = new Uint8Array(MOST_NAMES);
    traits.forEach((trait, id) => {
      this.waits[id] = trait & 4;
    });
    this.calls = new QuickCalls(follower, model);
    this.threads = new RecentThreads(model);
    this.run = new QuickRun(follower, model, this.lanes, this.waits, this.threads);
  }

  /** The lexer tells of calls whose names it knows. */
  teach(lexer: Lexer): void {
    this.follower.paths.table.attach(lexer.paths);
    this.follower.names.teach((hash, length, id) => {
      const lane = this.lanes[id]!;
      if (lane !== LANE.none) lexer.learn(hash, length, id, hasPath(lane));
    });
  }

  /** Lines from `row` on, as long as they can be taken; answers the first row that cannot. @param number of the line before */
  takeRows(block: Block, row: number, end: number, pid: number, number: number): number {
    const { words } = block.rows;
    let at = row;
    while (at < end) {
      if (words[at]! >= SHAPE.unfinished) {
        at = this.run.take(block, at, end, pid, number + (at - row) / ROW.words);
        if (at === end) break;
      }
      block.row = at;
      if (!this.take(block, pid, number + (at - row) / ROW.words + 1)) break;
      at += ROW.words;
    }
    return at;
  }

  /** The line of `block.row`. False: it is left as it was, to the other way. */
  take(block: Block, filePid: number, number: number): boolean {
    const { row } = block;
    const { words, doubles } = block.rows;
    const shape = words[row]!;
    if (shape <= SHAPE.frame) return shape === SHAPE.frame && this.follower.stacks.passes() && this.frame(number);
    const pid = words[row + ROW.pid]!;
    const thread = this.threads.of(pid === 0 ? filePid : pid);
    if (thread === undefined || !thread.isSeen) return false;
    const time = this.timeOf(words[row + ROW.relative]!, doubles[(row >> 1) + ROW.time]!);
    if (Number.isNaN(time)) return false;
    const name = words[row + ROW.name]!;
    const lane = this.lanes[name]!;
    if (shape === SHAPE.unfinished) {
      this.enter(thread, name, lane, block, time, number);
      return true;
    }
    return this.leave(thread, name, lane, block, time, number);
  }

  /** When, in the days of the log; -1 where it does not tell, NaN for what must be looked at: a clock that was set back, midnight. */
  private timeOf(relative: number, time: number): number {
    const { clock } = this.follower;
    if (time >= 0) return clock.isTimed && time + clock.day >= clock.last ? time + clock.day : NaN;
    if (relative >= 0) return clock.isTimed ? clock.last + relative : NaN;
    return clock.isTimed ? NaN : -1;
  }

  private frame(number: number): boolean {
    this.follower.lines++;
    this.follower.lastTaken = number;
    return true;
  }

  /** What every line does that is taken. */
  private begin(thread: Thread, time: number, number: number): void {
    const { follower } = this;
    const { fds } = this.model;
    follower.lines++;
    follower.lastTaken = number;
    follower.lastCaller = thread;
    fds.line = number;
    fds.freshCount = 0;
    follower.stacks.begin();
    if (time >= 0) follower.clock.advance(time);
    else if (number >= fds.clock.next) fds.clock.advance(number);
  }

  /** `name(args <unfinished ...>` */
  private enter(thread: Thread, name: number, lane: number, block: Block, time: number, number: number): void {
    const { words } = block.rows;
    const { row } = block;
    this.begin(thread, time, number);
    const fd = words[row + ROW.fd]!;
    const pending = thread.half;
    pending.name = name;
    pending.fd = fd;
    pending.time = this.model.fds.time;
    pending.line = number;
    pending.closed = undefined;
    pending.args = '';
    pending.window = undefined;
    pending.matters = lane > LANE.touch;
    if (pending.matters) {
      this.follower.halves.keep(pending, block, words[row + ROW.argsFrom]!, words[row + ROW.argsTo]!);
      if (hasPath(lane)) {
        pending.pathFrom = words[row + ROW.pathFrom]!;
        pending.pathTo = words[row + ROW.pathTo]!;
        pending.pathId = words[row + ROW.pathId]!;
        pending.pathCloexec = words[row + ROW.cloexec]!;
      }
    }
    thread.pending = pending;
    if (lane === LANE.close && fd >= 0) pending.closed = closeAtEntry(this.follower.context, thread, fd);
  }

  /** `name(args) = result`, or the end of it. */
  private leave(thread: Thread, name: number, lane: number, block: Block, time: number, number: number): boolean {
    const { follower } = this;
    const { words } = block.rows;
    const { row } = block;
    let half: Pending | undefined;
    let micros = words[row + ROW.micros]!;
    if (words[row] === SHAPE.resumed) {
      half = thread.pending;
      if (half === undefined || half.name !== name) return false;
      if (micros < 0 && time >= 0) micros = atLeast(time - half.time, follower.clock.grain);
    }
    if (micros >= SLOW_MICROS && this.waits[name] === 0) return false;
    const value = words[row + ROW.value]!;
    const isError = words[row + ROW.failed] === 1;
    if (lane === LANE.plain) {
      // A call that nobody knows returns a descriptor.
      if (value > 2 && !isError && block.buf[words[row + ROW.resultTo]! - 1] === GREATER) return false;
    } else if ((value === HEX && lane !== LANE.fcntl && lane !== LANE.map) || !this.calls.mayTake(thread, name, lane, block, value, isError, half)) return false;

    this.begin(thread, time, number);
    thread.pending = undefined;
    follower.stats.count(name, isError);
    if (micros >= 0) follower.stats.took(name, micros);
    else if (Number.isNaN(micros) && time >= half!.time) follower.stats.tookLess(name);
    if (lane !== LANE.close && thread.run.length > 0) endRun(follower.context, thread);
    if (lane > LANE.plain) this.calls.take(thread, name, value, isError, half, micros);
    return true;
  }
}
