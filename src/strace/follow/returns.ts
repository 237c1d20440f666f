/** What a call does when it has returned: its numbers are counted, its handler runs, its errors are looked at. */
import type { ByteString } from '../../evidence/types.ts';
import { badFd } from '../calls/bad-fd.ts';
import { type Call, type Context, type Handler, meant } from '../calls/call.ts';
import { closeHandler, endRun } from '../calls/dup.ts';
import { openUnknown } from '../calls/open.ts';
import { bringsEvents, eventsIn } from '../calls/fanotify.ts';
import { overflowIn } from '../calls/overflow.ts';
import { FORKS, netOfFork, pidfdOfFork } from '../calls/processes.ts';
import { fdOf } from '../parse/args.ts';
import { type Line, RESULT } from '../parse/line.ts';
import type { Model } from '../tables/model.ts';
import type { Pending, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { argsOf } from './halves.ts';
import { FAULTY_WHEN_BAD, TOUCHES, WAITS } from './known-calls.ts';
import { atLeast } from './log-time.ts';
import { numberAt } from './number-at.ts';

const SLOW_MICROS = 500_000;
const TRAIT = { touches: 1, faultyWhenBad: 2, waits: 4 };
/** What a child in a pid namespace is called outside, where its lines are written (strace --pidns-translation). */
const OUTER_PID = /\/\* (\d+) in strace's PID NS \*\/$/;
/** kill(PID, SIGKILL) */
const KILLS = /, (?:sig=)?(?:SIGKILL|9$|9 )/;

export class Returns {
  /** By the number of the name: whether a call uses its descriptor, whether EBADF of it is a fault, whether it is there to wait. */
  readonly traits: number[];
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly context: Context;
  private readonly line: Line;
  private readonly close: number;

  constructor(follower: Follower, model: Model, context: Context, line: Line) {
    this.follower = follower;
    this.model = model;
    this.context = context;
    this.line = line;
    const names = follower.names.text;
    this.traits = names.map((name) => (TOUCHES.has(name) ? TRAIT.touches : 0) | (FAULTY_WHEN_BAD.has(name) ? TRAIT.faultyWhenBad : 0) | (WAITS.has(name) ? TRAIT.waits : 0));
    this.close = names.indexOf('close');
  }

  take(thread: Thread, buf: Buffer, text: ByteString, half: Pending | undefined, number: number): void {
    const { line, follower } = this;
    const { name } = line;
    const isError = line.value < 0 && line.errnoFrom > 0;
    follower.stats.count(name, isError);
    const micros = !Number.isNaN(line.duration) ? line.duration : half ? atLeast(this.model.fds.time - half.time, follower.clock.grain) : NaN;
    if (micros >= 0) this.took(thread, buf, half, name, micros, number);
    else if (half && follower.clock.grain > 0 && this.model.fds.time >= half.time) follower.stats.tookLess(name);
    if (thread.run.length > 0 && name !== this.close) endRun(this.context, thread);
    const handler = follower.handlers[name];
    if (name === this.close) closeHandler(this.context, thread, this.callOf(text, half, number), half?.closed);
    else if (handler) this.handle(thread, text, half, handler, number);
    else if (this.traits[name]! & TRAIT.touches) this.touch(thread, buf, text, half, number);
    else if (line.resultTo - line.resultFrom > 3 && buf[line.resultTo - 1] === 62 && line.value > 2) openUnknown(this.context, thread, this.callOf(text, half, number));
    if (isError && name !== this.close) this.failed(thread, buf, text, half, number);
  }

  private took(thread: Thread, buf: Buffer, half: Pending | undefined, name: number, micros: number, number: number): void {
    const { stats } = this.follower;
    stats.took(name, micros);
    if (micros < SLOW_MICROS || (this.traits[name]! & TRAIT.waits) !== 0 || !stats.isSlow(micros)) return;
    const fd = half ? half.fd : numberAt(buf, this.line.argsFrom, this.line.argsTo);
    stats.addSlow({ name, actor: this.context.actor(thread), on: meant(this.context, thread, fd), micros, isRough: Number.isNaN(this.line.duration) && this.follower.clock.grain > 0, line: half?.line ?? number, time: half?.time ?? this.model.fds.time });
  }

  private callOf(text: ByteString, half: Pending | undefined, number: number): Call {
    const { line } = this;
    const rest = text.slice(line.argsFrom, line.argsTo);
    const { value, errnoFrom } = line;
    const first = half ? argsOf(half) : '';
    return {
      name: this.follower.names.text[line.name]!,
      args: first !== '' ? first + rest : rest,
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

  private handle(thread: Thread, text: ByteString, half: Pending | undefined, handler: Handler, number: number): void {
    const { follower } = this;
    const call = this.callOf(text, half, number);
    const { name } = call;
    if (FORKS.has(name) && call.result.endsWith(' */')) call.value = Number(OUTER_PID.exec(call.result)?.[1] ?? call.value);
    handler(this.context, thread, call);
    if (name === 'execve' || name === 'execveat') follower.speakers.forgetLast();
    else if (name === 'kill') {
      if (call.ok && KILLS.test(call.args)) follower.listener?.kills(thread, Math.abs(Number.parseInt(call.args.replace(/^pid=/, ''), 10)));
    } else if (name.startsWith('accept')) {
      const { fd } = fdOf(call.args);
      follower.epolls.accepted(this.context, thread, fd, call.time);
      if (call.ok) follower.listener?.accepted(thread, fd);
    } else if (FORKS.has(name)) this.afterFork(thread, call, number);
  }

  private afterFork(thread: Thread, call: Call, number: number): void {
    const { newcomers } = this.follower;
    // --pidns-translation: 2 /* 13474 in strace's PID NS */
    const outer = /^\d+ \/\* (\d+) in strace's PID NS \*\//.exec(call.result)?.[1];
    const tid = outer === undefined ? call.value : Number(outer);
    const lines = newcomers.returned(thread, call.name, call.args, call.ok ? tid : 0, number);
    const own = newcomers.child;
    if (own) newcomers.born(own, number);
    pidfdOfFork(this.context, thread, call, own?.tid ?? tid);
    netOfFork(this.context, call, own);
    if (lines.length > 0) this.follower.replay(lines);
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
    this.model.fds.use(slot, thread);
    if (!(line.value >= 16) || !bringsEvents(slot.description.kind)) return;
    const call = this.callOf(text, half, number);
    if (slot.description.kind === 'inotify') overflowIn(this.context, thread, call);
    else if (call.name === 'read') eventsIn(this.context, thread, call);
  }

  /** Errors that say something of tables: EBADF, EMFILE, ENFILE. */
  private failed(thread: Thread, buf: Buffer, text: ByteString, half: Pending | undefined, number: number): void {
    const { line } = this;
    const at = line.errnoFrom;
    if (buf[at + 1] === 66 && buf[at + 2] === 65 && buf[at + 3] === 68 && buf[at + 4] === 70) {
      if ((this.traits[line.name]! & TRAIT.faultyWhenBad) === 0) return;
      const fd = half ? half.fd : numberAt(buf, line.argsFrom, line.argsTo);
      const slot = thread.table.slots.has(fd) ? undefined : thread.table.closed.get(fd);
      if (slot) badFd(this.context, thread, { call: this.follower.names.text[line.name]!, fd, errno: 'EBADF', slot, line: half?.line ?? number, time: half?.time ?? this.model.fds.time });
    } else if (buf[at + 2] === 70 && (buf[at + 1] === 77 || buf[at + 1] === 78)) this.follower.listener?.failed(thread, this.callOf(text, half, number));
  }
}

function errnoAt(text: ByteString, from: number): string {
  let end = from;
  for (let c = text.charCodeAt(end); (c >= 65 && c <= 90) || (c >= 48 && c <= 57); c = text.charCodeAt(++end));
  return text.slice(from, end);
}
