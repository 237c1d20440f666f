/** Lines that are no calls: signals and ends, stacks and dumps of the call before, and what strace says itself. */
import type { ByteString } from '../../evidence/types.ts';
import type { Context } from '../calls/call.ts';
import { endRun } from '../calls/dup.ts';
import { isOverflowDump } from '../calls/overflow.ts';
import { KIND, type Line } from '../parse/line.ts';
import { flat } from '../tables/flat.ts';
import type { Model } from '../tables/model.ts';
import type { Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { argsOf } from './halves.ts';

/** Of what a signal line says. */
const MOST_SIGNAL_TEXT = 200;

export class BesideCalls {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly context: Context;
  private readonly line: Line;

  constructor(follower: Follower, model: Model, context: Context, line: Line) {
    this.follower = follower;
    this.model = model;
    this.context = context;
    this.line = line;
  }

  /** A signal, or an end. */
  takeFate(thread: Thread, text: ByteString, to: number): void {
    const follower = this.follower;
    const line = this.line;
    follower.speakers.forgetLast();
    switch (line.kind) {
      case KIND.signal:
        follower.listener?.signal(thread, text.slice(line.body, Math.min(to, line.body + MOST_SIGNAL_TEXT)));
        break;
      case KIND.exited:
      case KIND.killed:
        follower.newcomers.left(thread);
        if (thread.run.length > 0) endRun(this.context, thread);
        follower.abandon(thread);
        this.model.exit(thread, line.kind === KIND.exited ? 'exit' : 'killed', line.kind === KIND.exited ? String(line.value) : flat(text.slice(line.argsFrom, line.argsTo).replace(/ \+\+\+.*$/, '')));
        break;
      default:
        this.superseded(thread, line.value);
    }
  }

  /** The exec of another thread goes on under this one's number. */
  private superseded(leader: Thread, tid: number): void {
    const other = this.model.threads.get(tid);
    if (!other) return;
    if (other.pending) argsOf(other.pending);
    leader.pending = other.pending && { ...other.pending };
    this.model.takeOver(leader, other);
  }

  /** What belongs to no thread, or to the call before. */
  takeOther(text: ByteString, number: number, to: number): void {
    const follower = this.follower;
    const line = this.line;
    switch (line.kind) {
      case KIND.stack:
        follower.stacks.take(text.slice(line.body, to), follower.lastCaller);
        break;
      case KIND.attached: {
        follower.speakers.announced.add(line.value);
        const threads = / with (\d+) threads/.exec(text.slice(line.body, to))?.[1];
        if (threads !== undefined) follower.newcomers.attachedWith(line.value, Number(threads));
        break;
      }
      case KIND.dump:
        if (follower.lastCaller && isOverflowDump(text.slice(line.body, to))) this.overflowDumped(follower.lastCaller);
        break;
      case KIND.summary:
        follower.hadSummary = true;
        break;
      case KIND.message:
      case KIND.empty:
        break;
      default:
        follower.mender.note(number);
    }
  }

  private overflowDumped(thread: Thread): void {
    const slot = thread.table.slots.values().find(({ description, usedBy }) => description.kind === 'inotify' && usedBy === thread.tid);
    if (slot) this.context.emit({ type: 'trace', at: this.context.moment(), actor: this.context.actor(thread), what: 'inotify-overflow', fd: slot.fd });
  }
}
