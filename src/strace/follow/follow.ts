/** Follows a log line by line: joins halves, knows the threads, hands calls that matter to their handlers. */
import type { ByteString } from '../../evidence/types.ts';
import { badFd } from '../calls/bad-fd.ts';
import type { Call, Context, Handler } from '../calls/call.ts';
import { closeAtEntry, closeHandler, dupHandlers, endRun } from '../calls/dup.ts';
import { Epolls } from '../calls/epoll.ts';
import { openHandlers, openUnknown } from '../calls/open.ts';
import { isOverflowDump, overflowIn } from '../calls/overflow.ts';
import { Paths } from '../calls/paths.ts';
import { pidfdOfFork, processHandlers } from '../calls/processes.ts';
import { Sockets } from '../calls/sockets.ts';
import { fdOf } from '../parse/args.ts';
import { withoutColour } from '../parse/colour.ts';
import { KIND, type Line, newLine, RESULT } from '../parse/line.ts';
import { Names } from '../parse/names.ts';
import { Scanner } from '../parse/scan.ts';
import { frameName, isRuntime, parseFrame } from '../parse/stack.ts';
import type { Model } from '../tables/model.ts';
import { flat } from '../tables/sites.ts';
import type { Pending, Thread } from '../tables/types.ts';
import { CallStats } from './call-stats.ts';
import { FAULTY_WHEN_BAD, TOUCHES, WAITS } from './known-calls.ts';
import { Newcomers } from './newcomers.ts';

const DAY = 86_400_000_000;
/** A line so cut that the next one belongs to it has this at most. */
const MOST_HELD = 65_536;
const SLOW_MICROS = 500_000;

/** What follows from lines beside the tables. */
export interface FollowListener {
  signal(thread: Thread, text: ByteString): void;
  failed(thread: Thread, call: Call): void;
  accepted(thread: Thread, fd: number): void;
  /** kill(2) with SIGKILL. */
  kills(thread: Thread, pid: number): void;
}

export class Follower {
  readonly names: Names;
  readonly stats = new CallStats();
  readonly sockets = new Sockets();
  readonly epolls = new Epolls();
  readonly paths = new Paths();
  readonly newcomers: Newcomers;
  readonly announced = new Set<number>();
  lines = 0;
  unclassified = 0;
  /** First of them, for the report. */
  firstUnclassified = 0;
  backwards = 0;
  stacks = 0;
  hadSummary = false;
  listener: FollowListener | undefined;
  startTime = NaN;
  private readonly model: Model;
  private readonly context: Context;
  private readonly isTimed: boolean;
  private readonly scanner: Scanner;
  private readonly line: Line = newLine();
  private readonly handlers: (Handler | undefined)[] = [];
  /** 1 touches, 2 faulty when bad, 4 waits, 8 matters at its entry. */
  private readonly traits: number[] = [];
  private readonly close: number;
  private readonly execve: number;
  private lastNoted = 0;
  private lastTaken = 0;
  private held: { text: ByteString; line: number } | undefined;
  private fresh: Pending[] = [];
  private day = 0;
  private lastTime = NaN;
  private lastPid = -1;
  private lastThread: Thread | undefined;
  private frames: string[] | undefined;
  private lastCaller: Thread | undefined;

  constructor(model: Model, context: Context, isTimed: boolean) {
    this.model = model;
    this.context = context;
    this.isTimed = isTimed;
    this.newcomers = new Newcomers(model);
    const handlers: Record<string, Handler> = {
      ...openHandlers, ...dupHandlers, ...processHandlers, ...this.sockets.handlers, ...this.epolls.handlers, ...this.paths.handlers,
      clone: () => undefined, clone2: () => undefined, clone3: () => undefined, fork: () => undefined, vfork: () => undefined, kill: () => undefined,
    };
    for (const name of ['open', 'openat', 'execve']) {
      const own = handlers[name]!;
      handlers[name] = (ctx, thread, call) => {
        this.paths.used(ctx, thread, call);
        own(ctx, thread, call);
      };
    }
    this.names = new Names(['close', ...Object.keys(handlers), ...TOUCHES, ...WAITS].filter((name, at, all) => all.indexOf(name) === at));
    this.scanner = new Scanner(this.names);
    this.names.text.forEach((name, id) => {
      this.handlers[id] = handlers[name];
      this.traits[id] = (TOUCHES.has(name) ? 1 : 0) | (FAULTY_WHEN_BAD.has(name) ? 2 : 0) | (WAITS.has(name) ? 4 : 0);
    });
    this.close = this.names.text.indexOf('close');
    this.execve = this.names.text.indexOf('execve');
  }

  /** One line. @param pid of its file (-ff), 0 otherwise; @param number what is told as its place */
  take(buf: Buffer, text: ByteString, from: number, to: number, pid: number, number: number): void {
    this.lines++;
    this.lastTaken = number;
    const { line } = this;
    this.scanner.scan(line, buf, text, from, to);
    if (line.kind === KIND.other || line.kind === KIND.cut) {
      if (!this.mend(buf, text, from, to, pid, number)) return;
    } else if (this.held) this.giveUp();
    this.dispatch(buf, text, pid, number, from, to);
  }

  /** What is no line by itself may be one without its colours, or together with the line before. */
  private mend(buf: Buffer, text: ByteString, from: number, to: number, pid: number, number: number): boolean {
    const { line } = this;
    if (text.indexOf('\x1b[', from) >= 0 && text.indexOf('\x1b[', from) < to) {
      const plain = Buffer.from(buf.subarray(from, to));
      const end = withoutColour(plain, 0, plain.length);
      if (end < plain.length) {
        this.lines--;
        this.take(plain, plain.toString('latin1', 0, end), 0, end, pid, number);
        return false;
      }
    }
    if (this.hadSummary) return false;
    const { held } = this;
    if (held) {
      this.held = undefined;
      const joined = Buffer.from(held.text + text.slice(from, to), 'latin1');
      const whole = joined.toString('latin1');
      this.scanner.scan(line, joined, whole, 0, joined.length);
      if (line.kind < KIND.signal) {
        this.dispatch(joined, whole, pid, held.line, 0, joined.length);
        return false;
      }
      this.scanner.scan(line, buf, text, from, to);
      if (line.kind !== KIND.cut) this.note(held.line);
    }
    if (line.kind === KIND.cut && to - from < MOST_HELD) {
      // A message of strace, or another program's words, may have been written into it.
      const shown = text.slice(from, to);
      const message = /[^\s(),]+: Process (\d+) (?:attached|detached)$/.exec(shown);
      if (message) this.announced.add(Number(message[1]));
      this.held = { text: flat(message ? shown.slice(0, message.index) : shown), line: number };
      return false;
    }
    this.note(number);
    return false;
  }

  private note(number: number): void {
    this.unclassified++;
    this.lastNoted = number;
    if (this.firstUnclassified === 0) this.firstUnclassified = number;
  }

  /** Nothing continued the line that was cut. */
  private giveUp(): void {
    this.note(this.held!.line);
    this.held = undefined;
  }

  private dispatch(buf: Buffer, text: ByteString, filePid: number, number: number, from: number, to: number): void {
    const { line } = this;
    const { kind } = line;
    if (kind >= KIND.stack) {
      this.takeOther(text, number, to);
      return;
    }
    if (this.hadSummary || (this.isTimed && Number.isNaN(line.time) && Number.isNaN(line.relative))) {
      if (!this.hadSummary) this.note(number);
      return;
    }
    this.setTime(line, number);
    if (this.model.fds.fresh.length > 0) this.model.fds.fresh.length = 0;
    this.frames = undefined;
    const pid = line.pid === 0 ? filePid : line.pid;
    const thread = pid !== 0 && pid === this.lastPid ? this.lastThread! : this.threadOf(pid, text, from, to, number);
    if (!thread) return;
    if (kind <= KIND.resumedUnfinished) this.takeCall(thread, buf, text, number);
    else this.takeFate(thread, text, to);
  }

  private setTime(line: Line, number: number): void {
    const { fds } = this.model;
    fds.line = number;
    let { time } = line;
    if (Number.isNaN(time)) {
      if (Number.isNaN(line.relative)) {
        if (number >= fds.clock.next && !this.isTimed) fds.clock.advance(number);
        return;
      }
      time = (Number.isNaN(this.lastTime) ? 0 : this.lastTime) + line.relative;
    } else {
      time += this.day;
      if (time < this.lastTime) {
        if (time < this.lastTime - DAY / 2 && line.time < DAY) {
          this.day += DAY;
          time += DAY;
        } else this.backwards++;
      }
    }
    if (Number.isNaN(this.startTime)) this.startTime = time;
    this.lastTime = time;
    fds.time = time;
    if (time >= fds.clock.next) fds.clock.advance(time);
  }

  get now(): number {
    return this.lastTime;
  }

  private threadOf(pid: number, text: ByteString, from: number, to: number, number: number): Thread | undefined {
    const { threads } = this.model;
    let thread = pid === 0 ? this.onlyThread() : threads.get(pid);
    if (!thread) {
      const waiting = this.newcomers.waiting.has(pid);
      if (!waiting) thread = this.nameless(pid) ?? this.newcomers.arrive(pid);
      if (!thread) {
        if (!this.newcomers.keep(pid, text.slice(from, to), number)) this.replay(this.newcomers.settle(pid));
        return undefined;
      }
      this.newcomers.born(thread, number);
    }
    if (!thread.isSeen) this.model.seen(thread);
    this.lastPid = pid === 0 ? -1 : pid;
    this.lastThread = thread;
    return thread;
  }

  /** Whose lines have no pid: the only one there is. */
  private onlyThread(): Thread {
    const { threads } = this.model;
    const known = threads.get(0);
    if (known) return known;
    if (threads.size === 0) {
      const thread = this.model.discover(0);
      return thread;
    }
    return threads.values().next().value!;
  }

  /** The process whose lines had no pid gets one: another has come, and from now on they are told apart. */
  private nameless(pid: number): Thread | undefined {
    const thread = this.model.threads.get(0);
    if (!thread || pid === 0 || this.announced.has(pid)) return undefined;
    const resumes = (this.line.kind === KIND.resumed || this.line.kind === KIND.resumedUnfinished) && thread.pending?.name === this.line.name;
    if (!resumes && this.announced.size === 0 && this.newcomers.someoneForks) return undefined;
    this.model.threads.delete(0);
    this.model.threads.set(pid, thread);
    for (const other of this.model.threads.values()) if (other.pid === thread.pid && other !== thread) other.pid = pid;
    thread.tid = pid;
    thread.pid = pid;
    return thread;
  }

  private replay(lines: readonly { text: ByteString; line: number }[]): void {
    this.lastPid = -1;
    for (const { text, line } of lines) {
      const buf = Buffer.from(text, 'latin1');
      this.scanner.scan(this.line, buf, text, 0, buf.length);
      this.dispatch(buf, text, 0, line, 0, buf.length);
    }
  }

  private takeCall(thread: Thread, buf: Buffer, text: ByteString, number: number): void {
    const { line } = this;
    const { pending } = thread;
    this.lastCaller = thread;
    if (line.kind === KIND.call) {
      thread.pending = undefined;
      this.returned(thread, buf, text, undefined, number);
      return;
    }
    if (line.kind === KIND.unfinished) {
      this.entered(thread, buf, text, number);
      return;
    }
    const half = pending ?? this.pendingOfGroup(thread, line.name);
    if (line.kind === KIND.resumedUnfinished) {
      if (half) half.args += text.slice(line.argsFrom, line.argsTo);
      return;
    }
    thread.pending = undefined;
    this.returned(thread, buf, text, half && half.name === line.name ? half : undefined, number);
  }

  /** The exec of a thread returns in the leader. */
  private pendingOfGroup(thread: Thread, name: number): Pending | undefined {
    if (name !== this.execve) return undefined;
    for (const other of thread.table.users) if (other !== thread && other.pending?.name === name) return other.pending;
    return undefined;
  }

  private entered(thread: Thread, buf: Buffer, text: ByteString, number: number): void {
    const { line } = this;
    const { name } = line;
    const matters = this.handlers[name] !== undefined || name === this.close;
    const fd = numberAt(buf, line.argsFrom, line.argsTo);
    const args = matters ? text.slice(line.argsFrom, line.argsTo) : '';
    // The object of the call before is used again: halves are most of the lines of a busy log.
    const pending = thread.half;
    pending.name = name;
    pending.matters = matters;
    pending.args = args;
    pending.fd = fd;
    pending.time = this.model.fds.time;
    pending.line = number;
    pending.closed = undefined;
    thread.pending = pending;
    if (!matters) return;
    this.fresh.push(pending);
    if (name === this.close) pending.closed = fd >= 0 ? closeAtEntry(this.context, thread, fd) : undefined;
    else this.newcomers.entered(thread, this.names.text[name]!, pending.args, number);
  }

  /** The window of the log is about to change: what still waits must not keep it alive. */
  settle(): void {
    for (const pending of this.fresh) pending.args = flat(pending.args);
    this.fresh = [];
  }

  private returned(thread: Thread, buf: Buffer, text: ByteString, half: Pending | undefined, number: number): void {
    const { line, stats } = this;
    const { name } = line;
    const isError = line.value < 0 && line.errnoFrom > 0;
    stats.count(name, isError);
    const micros = !Number.isNaN(line.duration) ? line.duration : half ? this.model.fds.time - half.time : NaN;
    if (micros >= 0) this.took(thread, buf, half, name, micros, number);
    if (thread.run && name !== this.close) endRun(this.context, thread);
    const handler = this.handlers[name];
    if (handler || name === this.close) this.handle(thread, text, half, handler, number);
    else if (this.traits[name]! & 1) this.touch(thread, buf, text, half, number);
    else if (line.resultTo - line.resultFrom > 3 && buf[line.resultTo - 1] === 62 && line.value > 2) openUnknown(this.context, thread, this.callOf(text, half, number));
    if (isError && name !== this.close) this.failed(thread, buf, text, half, number);
  }

  private took(thread: Thread, buf: Buffer, half: Pending | undefined, name: number, micros: number, number: number): void {
    this.stats.took(name, micros);
    if (micros < SLOW_MICROS || (this.traits[name]! & 4) !== 0 || !this.stats.isSlow(micros)) return;
    const fd = half ? half.fd : numberAt(buf, this.line.argsFrom, this.line.argsTo);
    this.stats.addSlow({ name, tid: thread.tid, fd, micros, line: half?.line ?? number, time: half?.time ?? this.model.fds.time });
  }

  private callOf(text: ByteString, half: Pending | undefined, number: number): Call {
    const { line } = this;
    const rest = text.slice(line.argsFrom, line.argsTo);
    const { value, errnoFrom } = line;
    return {
      name: this.names.text[line.name]!,
      args: half && half.args !== '' ? half.args + rest : rest,
      value,
      ok: line.result === RESULT.number && value >= 0 && errnoFrom === 0,
      errno: errnoFrom === 0 ? '' : errnoAt(text, errnoFrom),
      result: text.slice(line.resultFrom, line.resultTo),
      isWhole: half === undefined,
      line: half?.line ?? number,
      time: half?.time ?? this.model.fds.time,
      returnedAt: half ? this.model.fds.time : this.model.fds.time + line.duration,
    };
  }

  private handle(thread: Thread, text: ByteString, half: Pending | undefined, handler: Handler | undefined, number: number): void {
    const call = this.callOf(text, half, number);
    if (!handler) {
      closeHandler(this.context, thread, call, half?.closed);
      return;
    }
    handler(this.context, thread, call);
    const { name, value } = call;
    if (name === 'execve' || name === 'execveat') this.lastPid = -1;
    else if (name === 'kill') {
      if (call.ok && /, (?:sig=)?(?:SIGKILL|9$|9 )/.test(call.args)) this.listener?.kills(thread, Math.abs(Number.parseInt(call.args.replace(/^pid=/, ''), 10)));
    }
    else if (name.startsWith('accept')) {
      const { fd } = fdOf(call.args);
      this.epolls.accepted(this.context, thread, fd, call.time);
      if (call.ok) this.listener?.accepted(thread, fd);
    } else if ((call.ok && (name === 'clone' || name === 'clone3' || name === 'clone2')) || name === 'fork' || name === 'vfork' || half) this.afterFork(thread, call, value, number);
  }

  private afterFork(thread: Thread, call: Call, child: number, number: number): void {
    const { name } = call;
    if (name !== 'clone' && name !== 'clone3' && name !== 'clone2' && name !== 'fork' && name !== 'vfork') return;
    const lines = this.newcomers.returned(thread, name, call.args, call.ok ? child : 0, number);
    const own = call.ok ? this.model.threads.get(child) : undefined;
    if (own) this.newcomers.born(own, number);
    pidfdOfFork(this.context, thread, call);
    if (lines.length > 0) this.replay(lines);
  }

  private touch(thread: Thread, buf: Buffer, text: ByteString, half: Pending | undefined, number: number): void {
    const { line } = this;
    const fd = half ? half.fd : numberAt(buf, line.argsFrom, line.argsTo);
    if (!(fd >= 0) || line.errnoFrom > 0) return;
    const slot = thread.table.slots.get(fd);
    if (!slot) {
      if (line.result === RESULT.number) this.context.slot(thread, fd, half ? undefined : fdOf(text, line.argsFrom).decoration);
      return;
    }
    slot.usedBy = thread.tid;
    if (slot.description.kind === 'inotify' && line.value >= 16) overflowIn(this.context, thread, this.callOf(text, half, number));
  }

  /** Errors that say something of tables: EBADF, EMFILE, ENFILE. */
  private failed(thread: Thread, buf: Buffer, text: ByteString, half: Pending | undefined, number: number): void {
    const at = this.line.errnoFrom;
    if (buf[at + 1] === 66 && buf[at + 2] === 65 && buf[at + 3] === 68 && buf[at + 4] === 70) {
      if ((this.traits[this.line.name]! & 2) === 0) return;
      const fd = half ? half.fd : numberAt(buf, this.line.argsFrom, this.line.argsTo);
      const slot = thread.table.slots.has(fd) ? undefined : thread.table.closed.get(fd);
      if (slot) badFd(this.context, thread, { call: this.names.text[this.line.name]!, fd, errno: 'EBADF', slot, line: half?.line ?? number, time: half?.time ?? this.model.fds.time });
    } else if (buf[at + 2] === 70 && (buf[at + 1] === 77 || buf[at + 1] === 78)) this.listener?.failed(thread, this.callOf(text, half, number));
  }

  /** Signals and ends. */
  private takeFate(thread: Thread, text: ByteString, to: number): void {
    const { line } = this;
    this.lastPid = -1;
    switch (line.kind) {
      case KIND.signal:
        this.listener?.signal(thread, text.slice(line.body, Math.min(to, line.body + 200)));
        break;
      case KIND.exited:
      case KIND.killed:
        this.newcomers.left(thread);
        if (thread.run) endRun(this.context, thread);
        this.model.exit(thread, line.kind === KIND.exited ? 'exit' : 'killed', line.kind === KIND.exited ? String(line.value) : text.slice(line.argsFrom, line.argsTo).replace(/ \+\+\+.*$/, ''));
        break;
      default:
        this.superseded(thread, line.value);
    }
  }

  /** The exec of another thread goes on under this one's number. */
  private superseded(leader: Thread, tid: number): void {
    const other = this.model.threads.get(tid);
    if (!other) return;
    leader.pending = other.pending && { ...other.pending };
    this.model.drop(other);
  }

  private takeOther(text: ByteString, number: number, to: number): void {
    const { line } = this;
    switch (line.kind) {
      case KIND.stack:
        this.stacks++;
        this.takeFrame(text.slice(line.body, to));
        break;
      case KIND.attached:
        this.announced.add(line.value);
        break;
      case KIND.dump:
        if (this.lastCaller && isOverflowDump(text.slice(line.body, to))) this.overflowDumped(this.lastCaller);
        break;
      case KIND.summary:
        this.hadSummary = true;
        break;
      case KIND.message:
      case KIND.empty:
        break;
      default:
        this.note(number);
    }
  }

  private overflowDumped(thread: Thread): void {
    const slot = [...thread.table.slots.values()].find(({ description, usedBy }) => description.kind === 'inotify' && usedBy === thread.tid);
    if (slot) this.context.emit({ type: 'trace', at: this.context.moment(), actor: this.context.actor(thread), what: 'inotify-overflow', fd: slot.fd });
  }

  /** The first frame of the program itself is where something was opened. */
  private takeFrame(text: ByteString): void {
    const { fresh, sites } = this.model.fds;
    if (fresh.length === 0) return;
    const frame = parseFrame(text);
    if (!frame) return;
    const name = flat(frameName(frame, text));
    if (this.frames) {
      if (this.frames.length < 5) this.frames.push(name);
      return;
    }
    if (isRuntime(frame)) return;
    for (const slot of fresh) {
      const site = sites.atFrame(slot.call, slot.description.kind, name);
      const owner = this.lastCaller!.table;
      this.model.fds.moveTo(owner, slot, site);
      this.frames = site.frames ??= [name];
      // Of a site that was seen before the frames are known.
      if (site.opened > 1) this.frames = [...this.frames];
    }
  }

  /** The end of the log. @param isCut its last line had no newline */
  finish(isCut: boolean): void {
    if (this.held && !isCut) this.giveUp();
    // What has no end is no line of anybody's.
    if (isCut && this.lastNoted > 0 && this.lastNoted === this.lastTaken) this.unclassified--;
    this.held = undefined;
    for (const tid of [...this.newcomers.waiting.keys()]) this.replay(this.newcomers.settle(tid));
    for (const thread of this.model.threads.values()) if (thread.run) endRun(this.context, thread);
    this.sockets.finish();
    this.epolls.finish();
  }
}

/** The number an argument list starts with; NaN without. */
function numberAt(buf: Uint8Array, from: number, to: number): number {
  let i = from;
  let c = buf[i]!;
  // -N: fd=3
  if (c >= 97 && c <= 122) {
    while (i < to && buf[i] !== 61 && i - from < 16) i++;
    c = buf[++i]!;
  }
  const start = i;
  let value = 0;
  for (; i < to && c >= 48 && c <= 57; c = buf[++i]!) value = value * 10 + (c - 48);
  return i === start ? NaN : value;
}

function errnoAt(text: ByteString, from: number): string {
  let end = from;
  for (let c = text.charCodeAt(end); (c >= 65 && c <= 90) || (c >= 48 && c <= 57); c = text.charCodeAt(++end));
  return text.slice(from, end);
}
