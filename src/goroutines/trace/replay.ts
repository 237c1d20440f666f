/** What goroutines did while they were traced: how long they waited and for what, who was started and never ended, what stopped the world. */
import type { Frame } from '../../kernel/goroutines.ts';
import { readBatches, TraceError } from './batches.ts';
import { type Cursor, EV } from './events.ts';
import { Damage, Sequences } from './damage.ts';
import { Generation } from './generation.ts';
import type { GoState, Replayed, StopTheWorld, Traced } from './model.ts';
import { Times } from './times.ts';

const STATES: readonly (GoState | undefined)[] = [undefined, 'runnable', 'running', 'syscall', 'waiting'];
/** Held in memory until its tables are known. */
const MOST_GENERATION = 512 * 1024 * 1024;
const MOST_GOROUTINES = 5_000_000;
const MOST_STOPS = 10_000;

/** Memory is bounded by one generation (about a second, or some MiB) and by what lives. Throws TraceError. */
export async function replayTrace(chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Replayed> {
  const reader = await readBatches(chunks);
  const replay = new Replay();
  let generation: Generation | undefined;
  let number = -1;
  let bytes = 0;
  for await (const batch of reader.batches) {
    if (signal.aborted) throw new TraceError('interrupted');
    if (batch.generation !== number) {
      if (generation) replay.run(generation);
      [generation, number, bytes] = [new Generation(replay.damage), batch.generation, 0];
    }
    bytes += batch.data.length;
    if (bytes > MOST_GENERATION) throw new TraceError('an execution trace with a generation of more than 512 MiB: the runtime ends one each second');
    generation!.add(batch);
  }
  if (generation) replay.run(generation);
  return replay.result(reader.version, reader.cut);
}

class Replay {
  readonly damage = new Damage();
  private readonly sequences = new Sequences();
  private readonly goroutines = new Map<number, Traced>();
  private readonly current = new Map<number, number>();
  private readonly stopping = new Map<number, { kind: string; at: number }>();
  private readonly times = new Times();
  private readonly stops: StopTheWorld[] = [];
  private start: number | undefined;
  private nsPerUnit = 1;
  private now = 0;
  private events = 0;
  private created = 0;
  private ended = 0;

  run(generation: Generation): void {
    const { frequency } = generation;
    if (frequency !== undefined && frequency > 0) this.nsPerUnit = 1e9 / frequency;
    generation.replay((cursor) => this.event(cursor, generation));
    this.sequences.check(this.damage);
  }

  result(version: number, cut: boolean): Replayed {
    if (this.start === undefined) throw new TraceError('an execution trace without events');
    return {
      version, cut, damage: this.damage, durationNs: this.now, events: this.events, created: this.created, ended: this.ended,
      living: [...this.goroutines.values()], stops: this.stops, ...this.times.result,
    };
  }

  private event({ type, time, args, thread }: Cursor, generation: Generation): void {
    this.events++;
    this.start ??= time;
    this.now = Math.max(0, (time - this.start) * this.nsPerUnit);
    switch (type) {
      case EV.goCreate:
      case EV.goCreateBlocked:
        this.create(args[1]!, type === EV.goCreate ? 'runnable' : 'waiting', generation.stack(args[3]!), generation.stack(args[2]!));
        break;
      case EV.goCreateSyscall:
        this.create(args[1]!, 'syscall', [], []);
        this.current.set(thread, args[1]!);
        break;
      case EV.goStart:
        this.resumed(args);
        this.enter(args[1]!, 'running');
        this.current.set(thread, args[1]!);
        break;
      case EV.goDestroy:
      case EV.goDestroySyscall:
        this.destroy(this.on(thread));
        this.current.delete(thread);
        break;
      case EV.goStop:
        this.enter(this.on(thread), 'runnable', '', generation.stack(args[2]!));
        this.current.delete(thread);
        break;
      case EV.goBlock:
        this.enter(this.on(thread), 'waiting', generation.string(args[1]!), generation.stack(args[2]!));
        this.current.delete(thread);
        break;
      case EV.goUnblock:
        this.resumed(args);
        this.enter(args[1]!, 'runnable');
        break;
      case EV.goSyscallBegin:
        this.enter(this.on(thread), 'syscall', '', generation.stack(args[2]!));
        break;
      case EV.goSyscallEnd:
        this.enter(this.on(thread), 'running');
        break;
      case EV.goSyscallEndBlocked:
        this.enter(this.on(thread), 'runnable');
        this.current.delete(thread);
        break;
      case EV.goSwitch:
      case EV.goSwitchDestroy:
        if (type === EV.goSwitch) this.enter(this.on(thread), 'waiting', 'coroutine');
        else this.destroy(this.on(thread));
        this.resumed(args);
        this.enter(args[1]!, 'running');
        this.current.set(thread, args[1]!);
        break;
      case EV.goStatus:
      case EV.goStatusStack:
        this.status(args, type === EV.goStatusStack ? generation.stack(args[4]!) : undefined);
        break;
      case EV.stwBegin:
        this.stopping.set(thread, { kind: generation.string(args[1]!), at: this.now });
        break;
      case EV.stwEnd:
        this.resume(thread);
        break;
    }
  }

  private resumed(args: Float64Array): void {
    this.sequences.note(args[1]!, args[2]!);
  }

  /** Who runs on a thread; 0: nobody that we know of. */
  private on(thread: number): number {
    const id = this.current.get(thread);
    if (id === undefined) this.damage.note(`an event of the goroutine that runs on thread ${thread}, where none does`);
    return id ?? 0;
  }

  private create(id: number, state: GoState, creator: Frame[], start: Frame[]): void {
    if (this.goroutines.size >= MOST_GOROUTINES) throw new TraceError(`an execution trace with more than ${MOST_GOROUTINES} goroutines at a time`);
    const first = start.at(-1);
    this.goroutines.set(id, { id, state, since: this.now, reason: '', stack: start, creator, ran: false, ...(first && { start: first }) });
    this.created++;
  }

  private destroy(id: number): void {
    const known = this.goroutines.get(id);
    if (!known) return;
    this.times.left(known, 'ended', this.now - known.since);
    this.goroutines.delete(id);
    this.ended++;
  }

  private enter(id: number, state: GoState, reason = '', stack?: Frame[]): void {
    if (id === 0) return;
    const known = this.goroutines.get(id);
    if (!known) {
      this.goroutines.set(id, { id, state, since: this.now, reason, stack: stack ?? [], ran: state === 'running' });
      return;
    }
    if (known.state !== state) {
      this.times.left(known, state, this.now - known.since);
      known.since = this.now;
    }
    known.ran ||= state === 'running';
    known.state = state;
    known.reason = reason;
    if (stack) known.stack = stack;
  }

  /** Each generation tells of those that it has not heard of yet. */
  private status(args: Float64Array, stack: Frame[] | undefined): void {
    const [id, thread, state] = [args[1]!, args[2]!, STATES[args[3]!]];
    if (!state) {
      this.damage.note(`a goroutine in state ${args[3]!}, which there is not`);
      return;
    }
    const known = this.goroutines.get(id);
    if (!known || known.state !== state) this.enter(id, state, '', stack);
    else if (stack && known.stack.length === 0) known.stack = stack;
    if (state === 'running' || state === 'syscall') this.current.set(thread, id);
  }

  private resume(thread: number): void {
    const begun = this.stopping.get(thread);
    if (!begun) return;
    this.stopping.delete(thread);
    if (this.stops.length < MOST_STOPS) this.stops.push({ kind: begun.kind, atNs: begun.at, ns: this.now - begun.at });
  }
}
