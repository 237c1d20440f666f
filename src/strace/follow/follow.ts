/** Follows a log line by line: joins halves, knows the threads, hands calls that matter to their handlers. */
import type { ByteString } from '../../evidence/types.ts';
import type { Call, Context, Handler } from '../calls/call.ts';
import { closeAtEntry, endRun } from '../calls/dup.ts';
import { Epolls } from '../calls/epoll.ts';
import { Paths } from '../calls/paths.ts';
import { Sockets } from '../calls/sockets.ts';
import { Mappings, useOfPending } from '../calls/uses.ts';
import type { Lexer } from '../lexer/lexer.ts';
import { KIND, type Line, newLine } from '../parse/line.ts';
import { Names } from '../parse/names.ts';
import { Scanner } from '../parse/scan.ts';
import { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { Pending, Thread } from '../tables/types.ts';
import { BesideCalls } from './beside-calls.ts';
import { CallStats } from './call-stats.ts';
import { handlersFor } from './handlers.ts';
import { argsOf, Halves } from './halves.ts';
import { TOUCHES, WAITS } from './known-calls.ts';
import { LogTime } from './log-time.ts';
import { Mender } from './mender.ts';
import { Newcomers } from './newcomers.ts';
import { numberAt } from './number-at.ts';
import { Order } from './order.ts';
import { Quick } from './quick.ts';
import { Returns } from './returns.ts';
import { Speakers } from './speakers.ts';
import { Stacks } from './stacks.ts';

/** What follows from lines beside the tables. */
export interface FollowListener {
  signal(thread: Thread, text: ByteString): void;
  failed(thread: Thread, call: Call): void;
  accepted(thread: Thread, fd: number): void;
  /** kill(2) with SIGKILL. */
  kills(thread: Thread, pid: number): void;
}

export interface FollowOptions {
  isTimed: boolean;
  /** What its times may be wrong by, µs. */
  grain: number;
  /** Files of strace -ff, merged by time. */
  isSet: boolean;
}

export class Follower {
  readonly names: Names;
  readonly stats = new CallStats();
  readonly sockets = new Sockets();
  readonly epolls = new Epolls();
  readonly paths = new Paths();
  readonly mappings = new Mappings();
  readonly halves = new Halves();
  readonly newcomers: Newcomers;
  readonly speakers: Speakers;
  readonly stacks: Stacks;
  readonly clock: LogTime;
  readonly mender: Mender;
  /** Of a set of -ff. */
  readonly order: Order | undefined;
  readonly context: Context;
  /** By the number of the name; `close` has a way of its own. */
  readonly handlers: (Handler | undefined)[];
  lines = 0;
  lastTaken = 0;
  lastCaller: Thread | undefined;
  hadSummary = false;
  listener: FollowListener | undefined;
  private readonly model: Model;
  private readonly scanner: Scanner;
  private readonly line: Line = newLine();
  private readonly returns: Returns;
  private readonly quick: Quick;
  private readonly close: number;
  private readonly execve: number;
  private readonly beside: BesideCalls;

  constructor(model: Model, context: Context, { isTimed, grain, isSet }: FollowOptions) {
    this.model = model;
    this.context = context;
    this.newcomers = new Newcomers(model);
    this.speakers = new Speakers(model, this.newcomers, this.line);
    this.stacks = new Stacks(model.fds);
    this.clock = new LogTime(model.fds, isTimed, grain);
    const handlers = handlersFor(this.sockets, this.epolls, this.paths, this.mappings);
    this.names = new Names([...new Set(['close', ...Object.keys(handlers), ...TOUCHES, ...WAITS])]);
    this.handlers = this.names.text.map((name) => handlers[name]);
    this.close = this.names.text.indexOf('close');
    this.execve = this.names.text.indexOf('execve');
    this.scanner = new Scanner(this.names);
    if (isSet && isTimed) this.order = new Order(model, this.scanner, this.clock, (block, from, to, pid, number) => this.takeNow(block, from, to, pid, number));
    model.fds.isUnordered = (table) => this.order?.waits(table) ?? false;
    this.returns = new Returns(this, model, context, this.line);
    this.beside = new BesideCalls(this, model, context, this.line);
    this.quick = new Quick(this, model, this.returns.traits);
    this.mender = new Mender(this.scanner, {
      mended: (block, pid, number, isAgain) => {
        if (isAgain) {
          this.lines--;
          this.take(block, 0, block.length, pid, number);
        } else this.dispatch(block, pid, number, 0, block.length);
      },
      announced: (pid) => this.speakers.announced.add(pid),
    });
  }

  /** One line. @param pid of its file (-ff), 0 otherwise; @param number what is told as its place */
  take(block: Block, from: number, to: number, pid: number, number: number): void {
    if (this.order) this.order.take(block, from, to, pid, number);
    else this.takeNow(block, from, to, pid, number);
  }

  /** Lines that were read ahead, as long as the quick way takes them; answers the first row that it does not. @param number of the line before */
  takeRows(block: Block, row: number, end: number, pid: number, number: number): number {
    return this.order === undefined && this.isPlain() ? this.quick.takeRows(block, row, end, pid, number) : row;
  }

  /** Nothing asks for the other way. Who wants every step gets them from that. */
  private isPlain(): boolean {
    return this.mender.held === undefined && !this.hadSummary && this.model.fds.onStep === undefined;
  }

  private takeNow(block: Block, from: number, to: number, pid: number, number: number): void {
    if (block.row >= 0 && this.isPlain() && this.quick.take(block, pid, number)) return;
    const own = block.alone(from, to);
    if (own) this.takeSlow(own, 0, own.length, pid, number);
    else this.takeSlow(block, from, to, pid, number);
  }

  private takeSlow(block: Block, from: number, to: number, pid: number, number: number): void {
    const { line, mender } = this;
    this.lines++;
    this.lastTaken = number;
    this.scanner.scan(line, block.buf, block.text, from, to);
    if (line.kind === KIND.other || line.kind === KIND.cut) {
      if (!this.hadSummary) mender.mend(line, block, from, to, pid, number);
      return;
    }
    if (mender.held) mender.giveUp();
    this.dispatch(block, pid, number, from, to);
  }

  private dispatch(block: Block, filePid: number, number: number, from: number, to: number): void {
    const { line } = this;
    const { kind } = line;
    const { text } = block;
    if (kind >= KIND.stack) {
      this.beside.takeOther(text, number, to);
      return;
    }
    if (this.hadSummary) return;
    if (this.clock.isTimed && Number.isNaN(line.time) && Number.isNaN(line.relative)) {
      this.mender.note(number);
      return;
    }
    this.clock.take(line, number);
    this.model.fds.freshCount = 0;
    this.stacks.begin();
    const pid = line.pid === 0 ? filePid : line.pid;
    const { speakers } = this;
    const thread = pid !== 0 && pid === speakers.lastPid ? speakers.last! : speakers.of(pid, text, from, to, number, (lines) => this.replay(lines));
    if (!thread) return;
    if (kind <= KIND.resumedUnfinished) this.takeCall(thread, block, number);
    else this.beside.takeFate(thread, text, to);
  }

  /** From now on lines come that the lexer has read. */
  teach(lexer: Lexer): void {
    this.quick.teach(lexer);
  }

  get now(): number {
    return this.clock.last;
  }

  /** Lines that had to wait. */
  replay(lines: readonly { text: ByteString; line: number }[]): void {
    this.speakers.forgetLast();
    this.clock.isLate = true;
    for (const { text, line } of lines) {
      const block = Block.of(text);
      this.scanner.scan(this.line, block.buf, block.text, 0, block.length);
      this.dispatch(block, 0, line, 0, block.length);
    }
    this.clock.isLate = false;
  }

  private takeCall(thread: Thread, block: Block, number: number): void {
    const { line } = this;
    const { pending } = thread;
    this.lastCaller = thread;
    if (line.kind === KIND.call) {
      thread.pending = undefined;
      this.returns.take(thread, block.buf, block.text, undefined, number);
      return;
    }
    if (line.kind === KIND.unfinished) {
      this.entered(thread, block, number);
      return;
    }
    const half = pending ?? this.pendingOfGroup(thread, line.name);
    if (line.kind === KIND.resumedUnfinished) {
      if (half) half.args = argsOf(half) + block.slice(line.argsFrom, line.argsTo);
      return;
    }
    thread.pending = undefined;
    this.returns.take(thread, block.buf, block.text, half && half.name === line.name ? half : undefined, number);
  }

  /** The exec of a thread returns in the leader. */
  private pendingOfGroup(thread: Thread, name: number): Pending | undefined {
    if (name !== this.execve) return undefined;
    for (const other of thread.table.users) if (other !== thread && other.pending?.name === name) return other.pending;
    return undefined;
  }

  private entered(thread: Thread, block: Block, number: number): void {
    const { name, argsFrom, argsTo } = this.line;
    // The object of the call before is used again: halves are most of the lines of a busy log.
    const pending = thread.half;
    pending.name = name;
    pending.matters = this.handlers[name] !== undefined || name === this.close;
    pending.args = '';
    pending.window = undefined;
    pending.pathFrom = 0;
    pending.fd = numberAt(block.buf, argsFrom, argsTo);
    pending.time = this.model.fds.time;
    pending.line = number;
    pending.closed = undefined;
    thread.pending = pending;
    if (!pending.matters) return;
    this.halves.keep(pending, block, argsFrom, argsTo);
    if (name === this.close) pending.closed = pending.fd >= 0 ? closeAtEntry(this.context, thread, pending.fd) : undefined;
    else this.newcomers.entered(thread, this.names.text[name]!, block, argsFrom, argsTo, number);
  }

  /** The window of the log is about to change. */
  settle(): void {
    this.halves.settle();
  }

  /** The thread ends, or the log does, in a call that has not returned. */
  abandon(thread: Thread): void {
    const { pending } = thread;
    if (pending) useOfPending(this.context, thread, this.names.text[pending.name]!, pending.fd, pending.matters ? argsOf(pending) : '');
  }

  /** The end of the log. @param isCut its last line had no newline */
  finish(isCut: boolean): void {
    this.order?.finish();
    const { mender } = this;
    if (mender.held && !isCut) mender.giveUp();
    // What has no end is no line of anybody's.
    if (isCut && mender.lastUnclassified > 0 && mender.lastUnclassified === this.lastTaken) mender.unclassified--;
    mender.held = undefined;
    for (const tid of [...this.newcomers.waiting.keys()]) this.replay(this.newcomers.settle(tid));
    for (const thread of this.model.threads.values()) {
      if (thread.run.length > 0) endRun(this.context, thread);
      this.abandon(thread);
    }
    this.sockets.binds.finish();
    this.epolls.finish();
  }
}
