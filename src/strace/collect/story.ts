/** The life of one number: what it was, where its open files came from, and where they went. */
import type { Step } from '../tables/fds.ts';
import type { Context } from '../calls/call.ts';

export interface StoryStep {
  what: Step['what'];
  pid: number;
  tid: number;
  fd: number;
  call: string;
  kind: string;
  target: string;
  cloexec: boolean | null;
  source: string;
  /** ms on the clock of the log. */
  atMs: number | null;
  /** Which open file, of those the number stood for. */
  file: number;
}

/** Steps shown at most. */
const MOST = 500;

/** First time through the log: which open files does the number stand for? */
export class StoryFiles {
  readonly files = new Set<number>();
  private readonly pid: number;
  private readonly fd: number;

  constructor(pid: number, fd: number) {
    this.pid = pid;
    this.fd = fd;
  }

  step({ pid, tid, slot }: Step): void {
    if (slot.fd === this.fd && (pid === this.pid || tid === this.pid) && this.files.size < MOST) this.files.add(slot.description.id);
  }
}

/** Second time: whatever happens to them, in any process. */
export class Story {
  readonly steps: StoryStep[] = [];
  private readonly files: ReadonlySet<number>;
  private readonly context: Context;

  constructor(files: ReadonlySet<number>, context: Context) {
    this.files = files;
    this.context = context;
  }

  step({ what, tid, pid, slot, call, line, time }: Step): void {
    if (!this.files.has(slot.description.id) || this.steps.length >= MOST) return;
    const { source, ms } = this.context.moment(line, time);
    const { target } = this.context.tell(slot);
    this.steps.push({ what, pid, tid, fd: slot.fd, call, kind: slot.description.kind, target, cloexec: slot.cloexec, source, atMs: ms, file: [...this.files].indexOf(slot.description.id) + 1 });
  }
}
