/** A reload as steps in time: signal, fork, exec, inherited listeners, listen, first accept in the new, close in the old, exit. */
import type { ByteString } from '../../evidence/types.ts';
import type { Context } from '../calls/call.ts';
import type { Description } from '../tables/description.ts';
import type { Slot, Thread } from '../tables/types.ts';

export interface ReloadStep {
  what: 'signal' | 'fork' | 'exec' | 'inherited' | 'listen' | 'first-accept' | 'silent' | 'exit' | 'killed';
  pid: number;
  program: string;
  detail: string;
  source: string;
  /** ms since the first step; null without times. */
  afterMs: number | null;
}

export interface Reload {
  pid: number;
  trigger: string;
  steps: ReloadStep[];
}

/** Somebody new serves. */
const EFFECTS = new Set<ReloadStep['what']>(['listen', 'first-accept']);
const ENDS = new Set<ReloadStep['what']>(['exit', 'killed']);

const MOST_RELOADS = 50;
const MOST_STEPS = 60;
/** Signals programs are told to reload by, or to end by. */
const MEANT = /^--- (SIGHUP|SIGUSR1|SIGUSR2|SIGQUIT|SIGTERM|SIGWINCH)\b/;
/** A new trigger within that belongs to the one before: QUIT for the old after USR2. */
const TOGETHER_MICROS = 30_000_000;

export class Reloads {
  readonly all: Reload[] = [];
  private readonly context: Context;
  private current: { reload: Reload; time: number; pids: Set<number>; accepted: Set<number>; fresh: Set<number>; hasEffect: boolean } | undefined;
  private readonly killers = new Map<number, { pid: number; label: string; line: number; time: number }>();

  constructor(context: Context) {
    this.context = context;
  }

  signal(thread: Thread, text: ByteString): void {
    const name = MEANT.exec(text)?.[1];
    if (name === undefined) return;
    const { time } = this.context.fds;
    thread.table.signalled = time;
    if (!this.serves(thread) && !this.rulesServers(thread)) return;
    const { current } = this;
    const joins = current && (current.pids.has(thread.pid) || current.pids.has(thread.parent) || Number.isNaN(time)) && !(time - current.time > TOGETHER_MICROS);
    if (!joins && (name === 'SIGHUP' || name.startsWith('SIGUSR'))) this.begin(thread, name);
    this.add(thread, 'signal', name);
  }

  private serves({ table }: Thread): boolean {
    for (const { description } of table.slots.values()) if (description.listening !== undefined) return true;
    return false;
  }

  /** Its children serve: it is the one that is told to reload. */
  private rulesServers({ pid }: Thread): boolean {
    for (const thread of this.context.model.threads.values()) if (thread.parent === pid && thread.pid !== pid && this.serves(thread)) return true;
    return false;
  }

  /** Somebody of the new generation serves. */
  private isTakenOver(fresh: ReadonlySet<number>): boolean {
    for (const thread of this.context.model.threads.values()) if (fresh.has(thread.pid) && this.serves(thread)) return true;
    return false;
  }

  private begin(thread: Thread, trigger: string): void {
    this.finish();
    if (this.all.length >= MOST_RELOADS) return;
    const reload: Reload = { pid: thread.pid, trigger, steps: [] };
    this.current = { reload, time: this.context.fds.time, pids: new Set([thread.pid]), accepted: new Set(), fresh: new Set(), hasEffect: false };
  }

  private add(thread: Thread, what: ReloadStep['what'], detail: string): void {
    const { current } = this;
    if (!current || (!current.pids.has(thread.pid) && !current.pids.has(thread.parent))) return;
    current.hasEffect ||= EFFECTS.has(what) || (ENDS.has(what) && !current.fresh.has(thread.pid) && this.serves(thread) && this.isTakenOver(current.fresh));
    if (current.reload.steps.length >= MOST_STEPS) return;
    const { label } = this.context.actor(thread);
    const ms = (this.context.fds.time - current.time) / 1000;
    current.reload.steps.push({ what, pid: thread.pid, program: label.replace(/ \(pid \d+\)$/, ''), detail, source: this.context.moment().source, afterMs: Number.isNaN(ms) ? null : ms });
  }

  forks(parent: Thread, child: Thread): void {
    const { current } = this;
    if (!current?.pids.has(parent.pid) || current.pids.size > MOST_STEPS) return;
    current.pids.add(child.pid);
    current.fresh.add(child.pid);
    this.add(parent, 'fork', `pid ${child.pid}`);
  }

  /** A child that was forked turned out to have another number. */
  renamed(from: number, to: number): void {
    const { current } = this;
    if (!current?.pids.delete(from)) return;
    current.pids.add(to);
    if (current.fresh.delete(from)) current.fresh.add(to);
    const fork = current.reload.steps.findLast(({ what, detail }) => what === 'fork' && detail === `pid ${from}`);
    if (fork) fork.detail = `pid ${to}`;
  }

  execs(thread: Thread, kept: readonly Slot[]): void {
    const listeners = kept.filter(({ description }) => description.listening !== undefined);
    // An exec that takes a listener along is a reload, whatever asked for it.
    if (listeners.length > 0 && !this.current?.pids.has(thread.pid)) {
      this.begin(thread, 'exec');
      this.current?.fresh.add(thread.pid);
      this.current?.pids.add(thread.parent);
    }
    this.add(thread, 'exec', thread.program);
    for (const { fd, description } of listeners) this.add(thread, 'inherited', `fd ${fd} ${this.context.shown(description.listening!)}`);
  }

  listens(thread: Thread, description: Description): void {
    this.add(thread, 'listen', this.context.shown(description.listening ?? ''));
  }

  accepted(thread: Thread, fd: number): void {
    const { current } = this;
    if (!current?.fresh.has(thread.pid) || current.accepted.has(thread.pid)) return;
    current.accepted.add(thread.pid);
    const address = thread.table.slots.get(fd)?.description.listening;
    this.add(thread, 'first-accept', address === undefined ? '' : this.context.shown(address));
  }

  silent(description: Description, thread: Thread): void {
    this.add(thread, 'silent', this.context.shown(description.listening!));
  }

  exits(thread: Thread, how: 'exit' | 'killed', detail: string): void {
    this.add(thread, how, detail);
  }

  /** Who sent SIGKILL, when the log has it. */
  kills(thread: Thread, pid: number): void {
    if (this.killers.size > 1000) this.killers.clear();
    const { line, time } = this.context.fds;
    this.killers.set(pid, { pid: thread.pid, label: this.context.actor(thread).label, line, time });
  }

  killerOf(pid: number): { label: string; at: ReturnType<Context['moment']> } | null {
    const killer = this.killers.get(pid);
    return killer ? { label: killer.label, at: this.context.moment(killer.line, killer.time) } : null;
  }

  finish(): void {
    const { current } = this;
    this.current = undefined;
    // A signal alone is no reload, nor is a helper that is started and ends while the old one goes on.
    if (current?.hasEffect && current.reload.steps.some(({ what }) => what === 'fork' || what === 'exec' || what === 'listen')) this.all.push(current.reload);
  }
}
