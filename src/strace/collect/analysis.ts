/** One run over logs: from lines to what data, rules and other outputs are made of. */
import type { ByteString } from '../../evidence/types.ts';
import { announcedFds } from '../../kernel/announced-fds.ts';
import { decodeText } from '../../kernel/text.ts';
import type { ExecEvent, TraceActor, TraceEvent, TraceFd, TraceMoment } from '../../series/index.ts';
import { Redaction } from '../calls/addresses.ts';
import type { Call, Context, Unseen } from '../calls/call.ts';
import { unescaped } from '../parse/args.ts';
import { Follower, type FollowListener, type FollowOptions } from '../follow/follow.ts';
import { placeOf } from '../read/logs.ts';
import type { Description } from '../tables/description.ts';
import type { Slot, Thread } from '../tables/types.ts';
import { type ExecCircumstances, type Ending, Model, type ModelListener } from '../tables/model.ts';
import { kindOf } from '../tables/kind-of.ts';
import { sharedSlot } from '../tables/shared.ts';
import type { FilesTable } from '../tables/table.ts';
import { Heirs } from './heirs.ts';
import { LastErrors } from './last-errors.ts';
import { Reloads } from './reloads.ts';
import { SetGaps } from './set-gaps.ts';
import { Shortages } from './shortages.ts';
import { leftAlone, siteEvents, USUAL_LEAST } from './site-events.ts';

export interface AnalysisOptions extends FollowOptions {
  files: readonly string[];
  /** Show addresses as they are. */
  full: boolean;
  /** Events for rules. */
  emit(event: TraceEvent): void;
}

/** A process that ended, or was alive at the end. */
export interface ProcessRow {
  pid: number;
  parent: number | null;
  program: string;
  /** Descriptors at its end, and at most. */
  open: number;
  mostOpen: number;
  ended: 'exit' | 'killed' | 'alive';
  exit: string | null;
}

/** Processes told one by one; of more only the number. */
const MOST_PROCESSES = 2000;

export class Analysis implements ModelListener, FollowListener {
  readonly model: Model;
  readonly follower: Follower;
  readonly processes: ProcessRow[] = [];
  processCount = 0;
  readonly reloads: Reloads;
  readonly gaps = new SetGaps();
  /** Ways to descriptors that were used and do not show. */
  readonly unseen = new Set<Unseen>();
  repairs = 0;
  /** A site is told when it left so many open in a process. */
  leastOpen = USUAL_LEAST;
  readonly context: Context;
  private readonly shortages: Shortages;
  private readonly heirs = new Heirs();
  private readonly lastErrors = new LastErrors();
  private readonly options: AnalysisOptions;
  private readonly redaction = new Redaction();
  private readonly names: readonly string[];

  constructor(options: AnalysisOptions) {
    this.options = options;
    this.names = options.files;
    this.model = new Model(options.isTimed);
    this.model.listener = this;
    this.context = this.makeContext();
    this.follower = new Follower(this.model, this.context, options);
    this.follower.listener = this;
    this.reloads = new Reloads(this.context);
    this.shortages = new Shortages(this.context);
    this.model.fds.onListen = (description, thread) => this.reloads.listens(thread, description);
    this.model.fds.onServe = (description, thread) => this.heirs.serves(thread, description);
    this.model.fds.onSilent = (description, thread) => this.silent(description, thread);
  }

  private makeContext(): Context {
    const { model } = this;
    return {
      model,
      fds: model.fds,
      emit: (event) => {
        if (event.what === 'bad-fd') this.lastErrors.made(event);
        this.options.emit(event);
      },
      actor: (thread) => this.actor(thread),
      moment: (line = model.fds.line, time = model.fds.time) => this.moment(line, time),
      tell: (slot) => this.tell(slot),
      siteName: (slot) => this.siteName(slot),
      shown: (address) => (this.options.full ? address : this.redaction.address(address)),
      slot: (thread, fd, decoration) => this.slot(thread, fd, decoration),
      note: (what) => void this.unseen.add(what),
    };
  }

  moment(line: number, time: number): TraceMoment {
    return { source: placeOf(line, this.names), ms: Number.isNaN(time) ? null : time / 1000 };
  }

  actor(thread: Thread): TraceActor {
    const program = programOf(thread);
    return { pid: thread.pid, tid: thread.tid, label: thread.pid === 0 ? (program === '' ? 'the process' : program) : `${program === '' ? 'process' : program} (pid ${thread.pid})`, threads: thread.table.users.size };
  }

  targetOf({ kind, target }: Description): string {
    const text = decodeText(target).text;
    return kind === 'socket' && !this.options.full ? this.redaction.target(text) : text;
  }

  tell(slot: Slot): TraceFd {
    return {
      fd: slot.fd, kind: slot.description.kind, target: this.targetOf(slot.description), site: this.siteName(slot), how: slot.how,
      opened: slot.how === 'pre-existing' ? null : this.moment(slot.line, slot.time),
    };
  }

  private siteName({ site }: Slot): string {
    if (!site) return '';
    return site.frame ?? (site.look === '' ? site.call : `${site.call} ${decodeText(site.look).text}`);
  }

  private slot(thread: Thread, fd: number, decoration: ByteString = ''): Slot | undefined {
    if (!(fd >= 0)) return undefined;
    const { table } = thread;
    const known = table.slots.get(fd);
    if (known) {
      this.model.fds.use(known, thread);
      if (known.assumed || known.how === 'pre-existing') this.learn(known, decoration);
      return known;
    }
    // A close that has not returned may take effect after a use that was seen before.
    if (table.closed.get(fd)?.closing) return undefined;
    const shared = sharedSlot(this.model, thread, fd, decoration);
    if (shared) {
      this.model.fds.use(shared, thread);
      return shared;
    }
    if (table.closed.has(fd) || fd < table.known) table.repairs++;
    return this.model.fds.found(thread, fd, decoration);
  }

  private learn(slot: Slot, decoration: ByteString): void {
    slot.assumed = false;
    if (decoration === '') return;
    if (slot.description.target === '') slot.description.target = decoration;
    if (slot.description.kind === 'unknown') slot.description.kind = kindOf(decoration);
  }

  private silent(description: Description, thread: Thread): void {
    this.follower.sockets.listeners.silent(this.context, description, thread);
    this.reloads.silent(description, thread);
  }

  // What the model tells.

  tableEnds(thread: Thread, table: FilesTable, how: Ending, detail: string): void {
    this.repairs += table.repairs;
    if (how === 'exit' || how === 'killed') this.addProcess(thread, table, how, detail);
    for (const event of siteEvents(this.context, thread, table, how, this.leastOpen)) this.options.emit(event);
    if (how === 'killed') this.killed(thread, table, detail);
  }

  private killed(thread: Thread, table: FilesTable, signal: string): void {
    const connections = table.slots.values().filter(({ description }) => description.accepted && description.holders === 1).length;
    if (connections === 0) return;
    this.options.emit({
      type: 'trace', what: 'killed', at: this.context.moment(), actor: this.actor(thread), signal: signal.replace(/ .*$/, ''), connections, by: this.reloads.killerOf(thread.pid),
    });
  }

  private addProcess(thread: Thread, table: FilesTable, ended: ProcessRow['ended'], detail: string): void {
    this.processCount++;
    if (this.processes.length >= MOST_PROCESSES) return;
    this.processes.push({
      pid: thread.pid, parent: thread.parent === 0 ? null : thread.parent, program: programOf(thread), open: table.slots.size, mostOpen: table.most, ended, exit: detail === '' ? null : detail,
    });
  }

  execs(thread: Thread, path: ByteString, kept: readonly Slot[], { env, argv, before }: ExecCircumstances): void {
    const announced = [...namedIn(argv), ...(path.endsWith('/flock') ? numbersIn(argv) : []), ...(env === undefined ? [] : announcedFds(environ(env), [thread.pid], kept.map(({ fd }) => fd)))];
    const own = kept.filter((slot) => slot.how !== 'pre-existing' && slot.cloexec !== null);
    const told = own.map((slot) => ({
      ...this.tell(slot), listening: slot.description.listening !== undefined, locked: slot.description.locked, redirected: slot.description.redirected, intended: slot.intended || announced.includes(slot.fd),
    }));
    if (told.length > 0) {
      const event: ExecEvent = { type: 'trace', what: 'exec', at: this.context.moment(), actor: this.actor(thread), path: decodeText(path).text, isItself: path !== '' && path === before, isEnvironmentKnown: env !== undefined, kept: told, livedMs: null, goneMs: null, isOutlived: false };
      this.options.emit(event);
      this.heirs.started(thread.pid, event);
      for (const [index, { description }] of own.entries()) this.heirs.got(thread.pid, description, told[index]!);
    }
    this.reloads.execs(thread, kept);
  }

  forks(parent: Thread, child: Thread, shares: boolean): void {
    if (this.options.isSet) this.gaps.started(child.tid, parent.tid);
    if (!shares) this.reloads.forks(parent, child);
    if (this.model.fds.onStep && !shares) for (const slot of child.table.slots.values()) this.model.fds.step('inherit', child, slot, 'fork');
  }

  exits(thread: Thread, how: 'exit' | 'killed', detail: string, isLast: boolean): void {
    if (!isLast) return;
    this.reloads.exits(thread, how, detail);
    const now = this.context.moment().ms;
    this.heirs.exits(thread.pid, now, how === 'exit' && thread.table.slots.values().every(({ description }) => description.holders > 1 || (description.listening === undefined && !description.locked)));
    this.lastErrors.exits(thread.pid, now);
  }

  renamed(from: number, to: number): void {
    this.gaps.renamed(from, to);
    this.reloads.renamed(from, to);
  }

  // What lines tell beside.

  signal(thread: Thread, text: ByteString): void {
    this.reloads.signal(thread, text);
  }

  failed(thread: Thread, call: Call): void {
    this.shortages.failed(thread, call);
  }

  accepted(thread: Thread, fd: number): void {
    this.reloads.accepted(thread, fd);
    const listener = thread.table.slots.get(fd);
    if (listener) this.heirs.serves(thread, listener.description);
  }

  kills(thread: Thread, pid: number): void {
    this.reloads.kills(thread, pid);
  }

  /** The log has ended. @param isCut its last line is no whole one */
  finish(isCut: boolean): void {
    this.follower.finish(isCut);
    if (this.follower.newcomers.sawNamespace) this.unseen.add('a pid namespace');
    this.shortages.finish();
    this.heirs.finish(this.follower.now / 1000);
    for (const { thread, table } of this.model.tables()) {
      this.repairs += table.repairs;
      this.addProcess(thread, table, 'alive', '');
      for (const event of siteEvents(this.context, thread, table, 'log', this.leastOpen)) this.options.emit(event);
    }
    for (const event of leftAlone(this.context, this.follower, this.model)) this.options.emit(event);
    this.reloads.finish();
    this.model.settle();
  }
}

function programOf({ program }: Thread): string {
  return decodeText(program.slice(program.lastIndexOf('/') + 1)).text;
}

/** Numbers that arguments name as files: `/dev/fd/63` of a shell's `<(command)`. */
function namedIn(argv: ByteString): number[] {
  if (!argv.includes('/fd/')) return [];
  return [...argv.matchAll(/\/(?:dev|proc\/(?:self|thread-self|\d+))\/fd\/(\d+)/g)].map((match) => Number(match[1]));
}

/** Numbers that are arguments: `flock 7` is asked to lock what it was given. */
function numbersIn(argv: ByteString): number[] {
  return [...argv.matchAll(/"(\d{1,6})"/g)].map((match) => Number(match[1]));
}

/** `["A=1", "B=2"]` as /proc/PID/environ has it. */
function environ(env: ByteString): ByteString {
  return [...env.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => unescaped(match[1]!)).join('\0');
}
