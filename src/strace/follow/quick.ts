/**
 * The quick way through a log: lines in the form that nearly all have are read by their bytes, and what they do is done at once.
 * No text is made of them and no object. Whatever is unusual in a line leaves it, untouched, to the other way, which knows everything;
 * a test holds both to the same results.
 */
import { closeAtEntry, endRun } from '../calls/dup.ts';
import { type Line, newLine } from '../parse/line.ts';
import { MOST_NAMES, type Names } from '../parse/names.ts';
import { readTail, TAIL } from '../parse/tail.ts';
import type { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { Pending, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { LANE, lanesOf } from './lanes.ts';
import { numberAt } from './number-at.ts';
import { QuickCalls } from './quick-calls.ts';

const SPACE = 32;
const OPEN = 40;
const CLOSE = 41;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const LESS = 60;
const EQUALS = 61;
const GREATER = 62;
const BRACKET = 91;

/** Threads whose lines came last, by the end of their number. */
const CACHED = 256;
/** Numbers up to here are whole in 30 bits. */
const DIGITS = 9;
const SHORTEST = 12;
const SLOW_MICROS = 500_000;
/** What lines end with that do not end in a small number; used again for each. */
const line: Line = newLine();

export class Quick {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly names: Names;
  private readonly lanes: Uint8Array;
  private readonly calls: QuickCalls;
  /** What waits by its nature. */
  private readonly waits: Uint8Array;
  private readonly pids = new Int32Array(CACHED).fill(-1);
  private readonly threads: (Thread | undefined)[] = new Array<Thread | undefined>(CACHED).fill(undefined);
  private changes = -1;
  // What was found of the line. Fields: handed from function to function, a time would be an object each time.
  private bytes = 0;
  private time = -1;
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** The eight bytes of the last `12:34:56`, as one number, and the µs they stand for. */
  private clockBytes = 0;
  private clockMicros = 0;

  constructor(follower: Follower, model: Model, traits: readonly number[]) {
    this.follower = follower;
    this.model = model;
    this.names = follower.names;
    this.lanes = lanesOf(follower.names.text, follower.handlers, MOST_NAMES);
    this.waits = new Uint8Array(MOST_NAMES);
    traits.forEach((trait, id) => {
      this.waits[id] = trait & 4;
    });
    this.calls = new QuickCalls(follower, model);
  }

  /** False: the line is left as it was, to the other way. */
  take(block: Block, from: number, to: number, filePid: number, number: number): boolean {
    const { buf } = block;
    if (to - from < SHORTEST || buf[to - 1] === 13) return false;
    this.view = block.view;
    let pid = filePid;
    let i = from;
    let c = buf[from]!;
    if (c >= ZERO && c <= NINE) {
      let value = 0;
      do {
        value = value * 10 + (c - ZERO);
        c = buf[++i]!;
      } while (c >= ZERO && c <= NINE && i - from < 8);
      if (c === SPACE && i - from < 8) {
        pid = value;
        do c = buf[++i]!;
        while (c === SPACE);
      } else {
        i = from;
        c = buf[i]!;
      }
    } else if (c === BRACKET) {
      i = this.bracketed(buf, from);
      if (i === 0) return false;
      pid = this.bytes;
      c = buf[i]!;
    } else if (c === SPACE) return this.follower.stacks.passes(buf, from) && this.frame(number);

    // When.
    this.time = -1;
    if (c >= ZERO && c <= NINE) {
      i = this.clock(i, to);
      if (i === 0) return false;
      c = buf[i]!;
    }

    // Which call.
    const isResumed = c === LESS;
    if (isResumed) {
      if (buf[i + 1] !== DOT || buf[i + 4] !== SPACE) return false;
      i += 5;
      c = buf[i]!;
    }
    const nameFrom = i;
    let hash = 0;
    // Small letters and _, most of all.
    while ((c > 94 && c < 123) || (c >= ZERO && c <= NINE)) {
      hash = (Math.imul(hash, 31) + c) | 0;
      c = buf[++i]!;
    }
    if (c !== (isResumed ? SPACE : OPEN)) return false;
    const name = this.names.find(hash, i - nameFrom);
    const lane = this.lanes[name]!;
    if (lane === LANE.none) return false;
    if (isResumed) {
      // " resumed>", without the blank of old versions
      if (buf[i + 1] !== 114 || buf[i + 7] !== 100 || buf[i + 8] !== GREATER || buf[i + 9] === SPACE) return false;
      i += 9;
    } else i++;
    if (i > to) return false;
    const thread = this.threadOf(pid);
    if (thread === undefined || !thread.isSeen || !this.isInTime()) return false;

    // Its end.
    if (buf[to - 1] === GREATER && buf[to - 2] === DOT) {
      if (isResumed || buf[to - 16] !== LESS || buf[to - 15] !== 117 || buf[to - 5] !== SPACE || buf[to - 6] !== 100) return false;
      this.enter(thread, name, lane, block, i, to - 16, number);
      return true;
    }
    return this.leave(thread, name, lane, block, i, to, number, isResumed);
  }

  /** `[pid   5] `: answers what is behind it, the pid in `bytes`; 0 when it is something else. */
  private bracketed(buf: Uint8Array, from: number): number {
    if (buf[from + 1] !== 112 || buf[from + 2] !== 105 || buf[from + 3] !== 100 || buf[from + 4] !== SPACE) return 0;
    let i = from + 5;
    while (buf[i] === SPACE) i++;
    const start = i;
    let value = 0;
    for (let c = buf[i]!; c >= ZERO && c <= NINE && i - start < 8; c = buf[++i]!) value = value * 10 + (c - ZERO);
    if (i === start || buf[i] !== 93 || buf[i + 1] !== SPACE) return 0;
    i += 2;
    while (buf[i] === SPACE) i++;
    this.bytes = value;
    return i;
  }

  /** `12:34:56.123456 ` or `1790000000.123456 `: answers what is behind it, the µs in `time`; 0 when it is something else. */
  private clock(from: number, to: number): number {
    if (to - from < 20) return 0;
    const { view } = this;
    const isClock = view.getUint8(from + 2) === COLON;
    const point = isClock ? from + 8 : from + 10;
    if (view.getUint8(point) !== DOT || view.getUint8(point + 7) !== SPACE) return 0;
    const bytes = view.getFloat64(from);
    if (bytes !== this.clockBytes || !isClock) {
      const micros = isClock ? secondsOf(view, from) * 1_000_000 : digitsOf(view, from, 10) * 1_000_000;
      if (!(micros >= 0)) return 0;
      this.clockBytes = bytes;
      this.clockMicros = micros;
    }
    const micros = sixDigits(view, point + 1);
    if (micros < 0) return 0;
    this.time = this.clockMicros + micros;
    return point + 8;
  }

  private isInTime(): boolean {
    const { clock } = this.follower;
    const { time } = this;
    return time < 0 ? !clock.isTimed : clock.isTimed && time + clock.day >= clock.last;
  }

  private threadOf(pid: number): Thread | undefined {
    const { model } = this;
    if (this.changes !== model.changes) {
      this.changes = model.changes;
      this.pids.fill(-1);
    }
    const at = pid & (CACHED - 1);
    if (this.pids[at] === pid) return this.threads[at];
    // Lines without a pid are of the only one there is.
    const thread = pid === 0 ? (model.threads.get(0) ?? (model.threads.size > 0 ? model.threads.values().next().value : undefined)) : model.threads.get(pid);
    if (thread !== undefined) {
      this.pids[at] = pid;
      this.threads[at] = thread;
    }
    return thread;
  }

  private frame(number: number): boolean {
    this.follower.lines++;
    this.follower.lastTaken = number;
    return true;
  }

  /** What every line does that is taken. */
  private begin(thread: Thread, number: number): void {
    const { follower, time } = this;
    const { fds } = this.model;
    follower.lines++;
    follower.lastTaken = number;
    follower.lastCaller = thread;
    fds.line = number;
    fds.freshCount = 0;
    if (time >= 0) follower.clock.advance(time + follower.clock.day);
    else if (number >= fds.clock.next) fds.clock.advance(number);
  }

  /** `name(args <unfinished ...>` */
  private enter(thread: Thread, name: number, lane: number, block: Block, from: number, end: number, number: number): void {
    const { buf } = block;
    this.begin(thread, number);
    let to = end;
    while (to > from && buf[to - 1] === SPACE) to--;
    const fd = numberAt(buf, from, to);
    const pending = thread.half;
    pending.name = name;
    pending.fd = fd;
    pending.time = this.model.fds.time;
    pending.line = number;
    pending.closed = undefined;
    pending.args = '';
    pending.matters = lane > LANE.touch;
    if (pending.matters) this.follower.halves.keep(pending, block, from, to);
    thread.pending = pending;
    if (lane === LANE.close && fd >= 0) pending.closed = closeAtEntry(this.follower.context, thread, fd);
  }

  /** `name(args) = result`, or the end of it. */
  private leave(thread: Thread, name: number, lane: number, block: Block, from: number, to: number, number: number, isResumed: boolean): boolean {
    const { follower } = this;
    const { buf } = block;
    let end = to;
    let micros = -1;
    if (buf[to - 1] === GREATER && buf[to - 11] === SPACE && buf[to - 10] === LESS && buf[to - 8] === DOT) {
      const whole = buf[to - 9]! - ZERO;
      const fraction = sixDigits(this.view, to - 7);
      if (fraction < 0 || whole < 0 || whole > 9) return false;
      micros = whole * 1_000_000 + fraction;
      end = to - 11;
    }
    let k = end - 1;
    // 3</srv/a>: what stands in the brackets is for those whom it concerns.
    if (buf[k] === GREATER) {
      let open = k - 1;
      while (open > from && buf[open] !== LESS && buf[open] !== GREATER) open--;
      if (buf[open] === LESS) k = open - 1;
    }
    const last = k;
    let value = 0;
    let unit = 1;
    for (let c = buf[k]!; c >= ZERO && c <= NINE && k > from; c = buf[--k]!) {
      value += (c - ZERO) * unit;
      unit *= 10;
    }
    let argsTo = 0;
    let isError = false;
    let resultFrom = k + 1;
    if (k < last && last - k < DIGITS && buf[k] === SPACE && buf[k - 1] === EQUALS && buf[k - 2] === SPACE) {
      argsTo = k - 3;
      while (argsTo > from && buf[argsTo] === SPACE) argsTo--;
      if (buf[argsTo] !== CLOSE || argsTo < from) return false;
    } else {
      if (readTail(line, buf, from, to) !== TAIL.result || !(line.value >= -4096)) return false;
      ({ value, argsTo, resultFrom } = line);
      end = line.resultTo;
      if (micros < 0 && line.duration >= 0) micros = line.duration;
      isError = line.errnoFrom > 0 && value < 0;
      // EBADF, EMFILE, ENFILE say something of tables.
      if (isError ? saysMore(buf, line.errnoFrom) : value < 0) return false;
    }

    let half: Pending | undefined;
    if (isResumed) {
      half = thread.pending;
      if (half === undefined || half.name !== name) return false;
      if (micros < 0 && this.time >= 0) micros = this.time + follower.clock.day - half.time;
    }
    if (micros >= SLOW_MICROS && this.waits[name] === 0) return false;
    if (!isError && lane === LANE.plain && buf[end - 1] === GREATER && value > 2) return false;
    if (lane !== LANE.plain && !this.calls.mayTake(thread, name, lane, block, from, argsTo, resultFrom, end, value, isError, half)) return false;

    this.begin(thread, number);
    thread.pending = undefined;
    follower.stats.count(name, isError);
    if (micros >= 0) follower.stats.took(name, micros);
    if (lane !== LANE.close && thread.run.length > 0) endRun(follower.context, thread);
    if (lane > LANE.plain) this.calls.take(thread, name, value, isError, half, micros);
    return true;
  }
}

function saysMore(buf: Uint8Array, errno: number): boolean {
  const c = buf[errno + 1];
  return c === 66 || c === 77 || (c === 78 && buf[errno + 2] === 70);
}

/** Six digits as a number; -1 when one is none. Four bytes at a time: `1234` is 12 * 100 + 34, and each of these alike. */
function sixDigits(view: DataView, at: number): number {
  const high = (view.getUint32(at, true) - 0x30303030) | 0;
  const low = (view.getUint16(at + 4, true) - 0x3030) | 0;
  // A byte that was below 0, or is above 9.
  if (((high | (high + 0x76767676)) & 0x80808080) !== 0 || ((low | (low + 0x7676)) & 0x8080) !== 0) return -1;
  const pairs = Math.imul(high, 10) + (high >> 8);
  const four = (pairs & 0xff) * 100 + ((pairs >> 16) & 0xff);
  return four * 100 + (low & 0xff) * 10 + (low >> 8);
}

/** `12:34:56`; NaN when it is none. */
function secondsOf(view: DataView, at: number): number {
  if (view.getUint8(at + 5) !== COLON) return NaN;
  return digitsOf(view, at, 2) * 3600 + digitsOf(view, at + 3, 2) * 60 + digitsOf(view, at + 6, 2);
}

function digitsOf(view: DataView, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = view.getUint8(i) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
