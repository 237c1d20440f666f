/** Whose line is it: the thread behind the pid of a line, or behind none. */
import type { ByteString } from '../../evidence/types.ts';
import { KIND, type Line } from '../parse/line.ts';
import type { Model } from '../tables/model.ts';
import type { Thread } from '../tables/types.ts';
import type { Newcomers } from './newcomers.ts';

export class Speakers {
  /** Of the line before; -1 when the next one is of somebody else, or of one that is not what it was. */
  lastPid = -1;
  last: Thread | undefined;
  /** Pids that strace said it attached to. */
  readonly announced = new Set<number>();
  private readonly model: Model;
  private readonly newcomers: Newcomers;
  private readonly line: Line;

  constructor(model: Model, newcomers: Newcomers, line: Line) {
    this.model = model;
    this.newcomers = newcomers;
    this.line = line;
  }

  /**
   * Undefined for one whose parent has not said yet what it is a copy of: its lines wait, unless they have waited too long.
   * @param giveUp takes the lines that waited too long
   */
  of(pid: number, text: ByteString, from: number, to: number, number: number, giveUp: (lines: readonly { text: ByteString; line: number }[]) => void): Thread | undefined {
    const { newcomers, model } = this;
    let thread = pid === 0 ? this.onlyThread() : model.threads.get(pid);
    if (!thread) {
      if (!newcomers.waiting.has(pid)) thread = this.nameless(pid) ?? newcomers.arrive(pid);
      if (!thread) {
        if (!newcomers.keep(pid, text.slice(from, to), number)) giveUp(newcomers.settle(pid));
        return undefined;
      }
      newcomers.born(thread, number);
    }
    if (!thread.isSeen) model.seen(thread);
    this.lastPid = pid === 0 ? -1 : pid;
    this.last = thread;
    return thread;
  }

  forgetLast(): void {
    this.lastPid = -1;
  }

  /** Whose lines have no pid: the only one there is. */
  private onlyThread(): Thread {
    const { threads } = this.model;
    return threads.get(0) ?? (threads.size === 0 ? this.model.discover(0) : threads.values().next().value!);
  }

  /** The process whose lines had no pid gets one: another has come, and from now on they are told apart. */
  private nameless(pid: number): Thread | undefined {
    const model = this.model;
    const line = this.line;
    const thread = model.threads.get(0);
    if (!thread || pid === 0 || this.announced.has(pid)) return undefined;
    const resumes = (line.kind === KIND.resumed || line.kind === KIND.resumedUnfinished) && thread.pending?.name === line.name;
    if (!resumes && this.announced.size === 0 && this.newcomers.someoneForks) return undefined;
    for (const other of model.threads.values()) if (other.pid === thread.pid && other !== thread) other.pid = pid;
    thread.pid = pid;
    model.rename(thread, pid);
    return thread;
  }
}
