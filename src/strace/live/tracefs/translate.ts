/** Trace events as lines of strace, in their order: a call that nothing came between is one line, any other two halves. */
import { sockaddrOf } from '../addresses.ts';
import type { Definition } from './events.ts';
import { LineWriter } from './line-writer.ts';
import { CLONE_PIDFD, Lives } from './lives.ts';
import type { Looked } from './names.ts';
import { type Records, VALUES } from './records.ts';
import type { StackLines } from './stack-lines.ts';
import type { Threads } from './threads.ts';
import { argumentsOf, decorationOf, openFlags, PAIRS, resultOf } from './words.ts';

/** Bytes handed out at once. */
const ENOUGH = 64 * 1024;

export interface Surroundings {
  /** Added to a time of the trace clock in µs: since the epoch. */
  offsetMicros: number;
  /** The lowest numbers that are free in the table of a thread, after all lines handed out so far. */
  lowestFree(tid: number, count: number): number[];
  /** What a number stands for that the event with this number made, where that is known for sure. */
  nameOf(number: number): Looked | undefined;
  stack: StackLines;
}

/** How the lines of a call begin: `close(` and `<... close resumed>`. */
interface Words {
  begin: Buffer;
  resumed: Buffer;
}

export class Translator {
  private readonly records: Records;
  private readonly definitions: readonly Definition[];
  private readonly words: Words[];
  private readonly threads: Threads;
  private readonly around: Surroundings;
  private readonly lives: Lives;
  private readonly out = new LineWriter(ENOUGH);
  /** Events before this one may be told. */
  private until = 0;
  private next = 0;
  /** Entered last, and nothing came since; -1 for none. */
  private held = -1;

  constructor(records: Records, definitions: readonly Definition[], threads: Threads, around: Surroundings) {
    this.records = records;
    this.definitions = definitions;
    this.words = definitions.map(({ name }) => ({ begin: Buffer.from(`${name}(`), resumed: Buffer.from(`<... ${name} resumed>`) }));
    this.threads = threads;
    this.around = around;
    this.lives = new Lives(records, threads, around, this.out);
  }

  /** Events before this number are told from now on. */
  tell(until: number): void {
    this.until = until;
  }

  /** Events that were not taken yet. */
  get waiting(): number {
    return this.until - this.next;
  }

  /** Lines up to one whose numbers depend on all before it, or enough of them; empty when there are none. They hold until it is called again. */
  take(): Buffer {
    const { out, records, definitions } = this;
    for (; this.next < this.until && out.length < ENOUGH; this.next++) {
      const at = records.place(this.next);
      const definition = definitions[records.definition[at]!]!;
      if (out.length > 0 && needsTable(definition, records.values, at)) break;
      this.translate(this.next, at, definition);
    }
    records.drop(this.held >= 0 ? this.held : this.next);
    return out.take();
  }

  /** Calls that did not return. */
  finish(): Buffer {
    this.flush();
    return this.out.take();
  }

  private begin(at: number): void {
    this.out.begin(this.threads.of(this.records.tid[at]!).head, Math.floor(this.records.ns[at]! / 1000 + this.around.offsetMicros));
  }

  private argsAt(at: number): number[] {
    const { definition, values } = this.records;
    return Array.from(values.subarray(at * VALUES, at * VALUES + this.definitions[definition[at]!]!.values.length));
  }

  private flush(): void {
    if (this.held < 0) return;
    const { records, out } = this;
    const at = records.place(this.held);
    this.held = -1;
    const thread = this.threads.of(records.tid[at]!);
    const index = records.definition[at]!;
    thread.name = this.definitions[index]!.name;
    thread.args = this.argsAt(at);
    this.begin(at);
    out.bytes(this.words[index]!.begin);
    if (!PAIRS.has(thread.name)) out.text(argumentsOf(thread.name, thread.args));
    out.text(' <unfinished ...>');
    out.end();
  }

  private translate(number: number, at: number, { what, name }: Definition): void {
    const { records } = this;
    if (what === 'enter') this.entered(number, at, name);
    else if (what === 'exit') {
      // It is told where it began.
      if (name === 'close') return;
      const { held } = this;
      const before = held < 0 ? 0 : records.place(held);
      if (held >= 0 && records.tid[before] === records.tid[at] && this.definitions[records.definition[before]!]!.name === name) this.whole(number, before, at, name);
      else this.left(number, at, name);
    } else {
      this.flush();
      this.lives.tell(what, number, at);
    }
  }

  private entered(number: number, at: number, name: string): void {
    const { records, out } = this;
    const first = records.values[at * VALUES]!;
    if (name === 'exit' || name === 'exit_group') {
      this.threads.of(records.tid[at]!).group.code = first & 255;
      return;
    }
    this.flush();
    if (name !== 'close') {
      this.held = number;
      return;
    }
    const failed = records.values[at * VALUES + 1]!;
    this.begin(at);
    out.text('close(');
    out.number(first);
    out.text(failed < 0 ? `) = ${resultOf(failed, '')}` : ') = 0');
    out.end();
  }

  private whole(number: number, before: number, at: number, name: string): void {
    const { out, records } = this;
    this.held = -1;
    this.begin(before);
    out.bytes(this.words[records.definition[before]!]!.begin);
    if (name === 'openat') {
      out.text('AT_FDCWD, ');
      out.hex(records.values[before * VALUES + 1]!);
      out.text(', ');
      out.text(openFlags(records.values[before * VALUES + 2]!));
    } else out.text(this.arguments(number, name, this.argsAt(before), at));
    this.result(number, at);
  }

  private left(number: number, at: number, name: string): void {
    this.flush();
    const { out, records } = this;
    const thread = this.threads.of(records.tid[at]!);
    const isKnown = thread.name === name;
    thread.name = '';
    // It was entered before the recording: only what it made is told.
    if (!isKnown && records.values[at * VALUES]! < 0) return;
    this.begin(at);
    out.bytes(this.words[records.definition[at]!]!.resumed);
    if (!isKnown) out.text(`NULL, NULL, ${this.around.nameOf(number)?.cloexec ? '0x80000' : '0'}`);
    else if (PAIRS.has(name)) out.text(this.arguments(number, name, thread.args, at));
    this.result(number, at);
  }

  private arguments(number: number, name: string, args: readonly number[], at: number): string {
    const { values, tid } = this.records;
    if (PAIRS.has(name)) return argumentsOf(name, args, values[at * VALUES] === 0 ? `[${this.around.lowestFree(tid[at]!, 2).join(', ')}]` : undefined);
    // The flags of openat2 are in memory of the program.
    if (name === 'openat2') return `AT_FDCWD, 0x0, {flags=${this.around.nameOf(number)?.cloexec ? 'O_CLOEXEC' : '0'}}, 24`;
    const bound = name === 'bind' ? this.around.nameOf(number) : undefined;
    return bound ? `${args[0]}, ${sockaddrOf(bound.link)}, ${args[2]}` : argumentsOf(name, args);
  }

  private result(number: number, at: number): void {
    const { out } = this;
    const value = this.records.values[at * VALUES]!;
    out.text(') = ');
    if (value < 0) out.text(resultOf(value, ''));
    else {
      const found = value > 0 || !this.isBind(at) ? this.around.nameOf(number) : undefined;
      out.number(value);
      if (found) out.text(decorationOf(found.link));
    }
    out.end();
    if (this.records.stacks.size > 0) this.frames(number, at);
  }

  private frames(number: number, at: number): void {
    const { records, threads, out } = this;
    const { pid } = threads.of(records.tid[at]!).group;
    for (const [depth, address] of (records.stacks.get(number) ?? []).entries()) out.bytes(this.around.stack.of(pid, address, depth > 0));
  }

  /** What it makes is no descriptor. */
  private isBind(at: number): boolean {
    return this.definitions[this.records.definition[at]!]!.name === 'bind';
  }
}

function needsTable({ what, name }: Definition, values: Float64Array, at: number): boolean {
  return (what === 'exit' && values[at * VALUES] === 0 && PAIRS.has(name)) || (what === 'newtask' && (values[at * VALUES + 1]! & CLONE_PIDFD) !== 0);
}
