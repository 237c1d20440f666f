/**
 * The hot path: goroutine blocks of a text dump, byte by byte, without making strings of what was seen before. A stack is
 * hashed without arguments, offsets and ids; only the first goroutines of each stack are parsed.
 */
import type { Group } from '../../kernel/goroutines.ts';
import { objectPlace, withoutOffset } from '../objects.ts';
import { isSystem } from '../names.ts';
import { isBlocking, stateOfStack } from '../states.ts';
import { argumentsAt, firstPointer, parseStack, type Stack } from './frames.ts';
import { GroupTable, MOST_SAMPLES, type Seen } from './group-table.ts';
import { type Header, parseHeader } from './header.ts';
import { NEEDS_MORE, StackScanner, startsWithWord, WORD } from './scan.ts';
import { SeenIds } from './seen-ids.ts';
import { holeStarts, makeTemplate, matchTemplate, type Template } from './template.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const PAREN = 40;
const STAR = 42;
const PRIME_1 = 0x01000193;
const PRIME_2 = 0x5bd1e995;
/** A goroutine without an end is no goroutine: a stack is cut at 100 frames by the runtime. */
const MOST_BLOCK_BYTES = 8 * 1024 * 1024;
const MOST_HEADERS = 20_000;
/** From so many stacks on labels (request ids) no longer part groups. */
const MOST_LABELLED_GROUPS = 20_000;
/** So many stacks of one state are compared before hashing begins. */
const MOST_TEMPLATES = 12;

interface Known {
  group: Group;
  /** Line of the block, header excluded, whose first argument is what it waits for; -1 without. */
  line: number;
  offset: number;
}

interface CachedHeader {
  header: Header;
  /** Of stacks with this state and these labels, shared by headers that differ in their waiting time. */
  templates: Template<Known>[];
  seed: number;
  seedUnlabelled: number;
}

export interface BlockResult {
  /** Bytes of `buffer` that were used: what follows belongs to a block that may go on. */
  used: number;
  /** The block at the end is not whole, or there is none: read on elsewhere. */
  more: boolean;
}

/** Reads goroutine blocks out of buffers. */
export class BlockReader {
  table: GroupTable;
  /** Goroutines seen, those of the runtime aside. */
  total = 0;
  labelsDropped = false;
  /** Dumps that came before, one behind the other in the same text. */
  repeats = 0;
  /** The last of those that was more than a trace or two. */
  private before: { table: GroupTable; total: number } | undefined;
  private firstId = 0;
  private seenMain = false;
  /** Others than the first: one alone, again and again, are traces of it. */
  private seenOthers = false;
  private readonly known = new Map<number, Known>();
  private readonly headers = new Map<string, CachedHeader>();
  private readonly templates = new Map<number, Template<Known>[]>();
  private readonly states = new Map<string, number>();
  private readonly scanner = new StackScanner();
  private readonly ids = new SeenIds();

  /** The last block ran into the end of the text. */
  get cutAtEnd(): boolean {
    return this.scanner.cutAtEnd;
  }

  private readonly keepRows: boolean;

  constructor(keepRows: boolean) {
    this.keepRows = keepRows;
    this.table = new GroupTable(keepRows);
  }

  /** Of dumps that follow each other the last counts; what is only a trace of one goroutine is none. */
  settle(): void {
    const { before } = this;
    if (!before || this.total * MUCH_LESS >= before.total) return;
    this.table = before.table;
    this.total = before.total;
    this.before = undefined;
  }

  /** A goroutine is in a dump once: what comes now is another dump. */
  private beginAnew(): void {
    this.repeats++;
    this.noteParents();
    if (!this.before || this.total * MUCH_LESS >= this.before.total) this.before = { table: this.table, total: this.total };
    this.table = new GroupTable(this.keepRows);
    this.total = 0;
    this.firstId = 0;
    this.seenMain = false;
    this.seenOthers = false;
    this.ids.clear();
    this.known.clear();
    this.headers.clear();
    this.templates.clear();
    this.labelsDropped = false;
  }

  private note(id: number): void {
    this.ids.add(id);
    if (this.firstId === 0) this.firstId = id;
    else if (id !== this.firstId) this.seenOthers = true;
    if (id === 1) this.seenMain = true;
  }

  /** Once all of a whole dump was read: notes which goroutines have outlived those that started them. */
  noteParents(): void {
    // Without the main goroutine it is a part of a dump, and who is missing may live.
    if (!this.ids.has(1)) return;
    for (const group of this.table.groups) {
      const told = group.samples.flatMap(({ parent }) => parent ?? []);
      if (told.length > 0) group.parents = { told: told.length, gone: told.filter((parent) => !this.ids.has(Number(parent))).length };
    }
  }

  /**
   * Reads blocks from `from` on as long as they follow each other.
   * @param last nothing follows the buffer
   * @returns where it stopped: at text that is no goroutine, or (`more`) at a block whose end is not here yet
   */
  read(buffer: Buffer, from: number, last: boolean): BlockResult {
    let at = from;
    for (;;) {
      while (at < buffer.length && (buffer[at] === LF || buffer[at] === CR)) at++;
      if (at >= buffer.length) return { used: at, more: true };
      if (!startsWithWord(buffer, at)) {
        // The word itself may be cut by the end of the chunk.
        return { used: at, more: !last && buffer.length - at < WORD.length && WORD.indexOf(buffer.subarray(at)) === 0 };
      }
      const end = this.block(buffer, at, last);
      if (end === NOT_ONE) return { used: at, more: false };
      if (end === NEEDS_MORE) {
        const fits = buffer.length - at < MOST_BLOCK_BYTES;
        return { used: at, more: fits };
      }
      at = end;
    }
  }

  /** One block; where it ends, or why there is none. */
  private block(buffer: Buffer, start: number, last: boolean): number {
    const headerEnd = buffer.indexOf(LF, start);
    if (headerEnd < 0 && !last) return NEEDS_MORE;
    const lineEnd = headerEnd < 0 ? buffer.length : headerEnd;
    let at = start + WORD.length;
    let c = buffer[at]!;
    let id = 0;
    const idStart = at;
    if (c === 45) c = buffer[++at]!;
    while (c >= 48 && c <= 57) {
      id = id * 10 + c - 48;
      c = buffer[++at]!;
    }
    if (at === idStart || c !== SPACE) return NOT_ONE;
    const header = buffer.toString('latin1', at, lineEnd);
    let cached = this.header(header);
    if (!cached) return NOT_ONE;
    if (this.seenOthers && id > 0 && (id === this.firstId || (id === 1 && this.seenMain))) {
      this.beginAnew();
      cached = this.header(header)!;
    }
    const { templates } = cached;
    for (let i = 0; i < templates.length; i++) {
      const matched = matchTemplate(buffer, lineEnd + 1, templates[i]!);
      if (matched < 0) continue;
      this.note(id);
      if (i > 0) bringForward(templates, i);
      this.countMatched(buffer, templates[i > 0 ? i - 1 : 0]!, cached.header, idStart, at);
      return matched;
    }
    const end = this.scanner.scan(buffer, lineEnd + 1, cached.seed, last);
    if (end === NEEDS_MORE) return end;
    // g0 of the signalled thread: a stack, but no goroutine.
    if (id === 0) return end;
    this.note(id);
    const { header: parsed } = cached;
    if (this.labelsDropped && cached.seed !== cached.seedUnlabelled) this.scanner.scan(buffer, lineEnd + 1, cached.seedUnlabelled, last);
    const key = this.scanner.hash1 * 0x200000 + (this.scanner.hash2 & 0x1fffff);
    const known = this.known.get(key);
    const idText = buffer.toString('latin1', idStart, at);
    if (known && known.group.samples.length >= MOST_SAMPLES) {
      const object = known.line < 0 ? -1 : this.firstArgument(buffer, known, end);
      this.count(known.group, parsed, idText, object);
      this.remember(buffer, cached, known, end);
      return end;
    }
    this.sample(key, known, parsed, idText, this.textLines(buffer, lineEnd + 1, end));
    return end;
  }

  /** A goroutine whose stack was recognised whole: without a string of its own, where none is kept. */
  private countMatched(buffer: Buffer, { known, objectHole }: Template<Known>, header: Header, idStart: number, idEnd: number): void {
    const { group, offset } = known;
    const object = objectHole < 0 ? -1 : pointerAt(buffer, holeStarts[objectHole]!, offset);
    this.count(group, header, this.table.rows ? buffer.toString('latin1', idStart, idEnd) : '', object);
  }

  private remember(buffer: Buffer, { templates }: CachedHeader, known: Known, end: number): void {
    if (templates.length >= MOST_TEMPLATES || this.labelsDropped) return;
    const template = makeTemplate(buffer, this.scanner.lineStarts, this.scanner.lines, end, known.line, known);
    if (template) templates.push(template);
  }

  private header(text: string): CachedHeader | undefined {
    const known = this.headers.get(text);
    if (known) return known;
    const header = parseHeader(text);
    if (!header) return undefined;
    const seedUnlabelled = this.intern(header.state);
    const seed = header.labelText === '' ? seedUnlabelled : this.intern(`${header.state}\n${header.labelText}`);
    let templates = this.templates.get(seed);
    if (!templates) this.templates.set(seed, (templates = []));
    const cached = { header, seedUnlabelled, seed, templates };
    if (this.headers.size >= MOST_HEADERS) this.headers.clear();
    if (this.templates.size >= MOST_HEADERS) this.templates.clear();
    this.headers.set(text, cached);
    return cached;
  }

  private intern(text: string): number {
    let seed = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) seed = Math.imul(seed ^ text.charCodeAt(i), PRIME_1);
    // Equal hashes of different states would make one group of two: the number of the state parts them.
    let number = this.states.get(text);
    if (number === undefined && this.states.size < MOST_HEADERS) this.states.set(text, (number = this.states.size + 1));
    return seed ^ Math.imul(number ?? 0, PRIME_2);
  }

  private textLines(buffer: Buffer, start: number, end: number): string[] {
    return buffer.toString('latin1', start, end).split(/\r?\n/);
  }

  /** What a goroutine waits for, of the block that was scanned last. */
  private firstArgument(buffer: Buffer, { line, offset }: Known, end: number): number {
    if (line >= this.scanner.lines) return -1;
    let at = this.scanner.lineStarts[line]!;
    while (at < end && !(buffer[at] === PAREN && buffer[at + 1] !== STAR)) at++;
    return pointerAt(buffer, at + 1, offset);
  }

  private sample(key: number, known: Known | undefined, header: Header, id: string, lines: string[]): void {
    const stack = parseStack(lines);
    const found = known ?? this.newGroup(key, header, stack, lines);
    const { waitMinutes } = header;
    const line = found.line < 0 ? '' : (lines[found.line] ?? '');
    const object = objectIn(line.slice(Math.max(0, argumentsAt(line))), found.offset);
    this.count(found.group, header, id, object === undefined ? -1 : Number(object), {
      id,
      args: stack.args,
      ...(object !== undefined && { object }),
      ...(waitMinutes !== undefined && { waitMinutes }),
      ...(stack.parent !== undefined && { parent: stack.parent }),
    });
  }

  private newGroup(key: number, header: Header, stack: Stack, lines: readonly string[]): Known {
    if (header.labelText !== '' && !this.labelsDropped && this.known.size > MOST_LABELLED_GROUPS) this.labelsDropped = true;
    const { frames, elided, creator } = stack;
    const state = stateOfStack(header.state, frames);
    const group = this.table.add({
      state,
      stateFrom: state === header.state ? 'printed' : 'frames',
      frames,
      elided,
      labels: this.labelsDropped ? {} : header.labels,
      system: isSystem(frames, creator),
      ...(creator && { creator }),
    });
    const place = isBlocking(state) ? objectPlace(frames, stack.firsts) : undefined;
    if (place) group.objectKind = place.kind;
    const known = { group, line: place ? lineOfFrame(lines, place.frame) : -1, offset: place?.offset ?? 0 };
    this.known.set(key, known);
    return known;
  }

  private count(group: Group, { waitMinutes, lockedToThread, leaked }: Header, id: string, object: number, sample?: Group['samples'][number]): void {
    const seen: Seen = { id, lockedToThread, leaked, object };
    if (waitMinutes !== undefined) seen.waitMinutes = waitMinutes;
    this.table.count(group, seen, sample);
    if (!group.system) this.total++;
  }
}

/** The stacks of a state that are most seen come to be looked for first. */
function bringForward<T>(list: T[], at: number): void {
  [list[at - 1], list[at]] = [list[at]!, list[at - 1]!];
}

/** A dump that is so many times smaller than the one before is a trace that somebody printed. */
const MUCH_LESS = 10;

/** There is no goroutine here. */
const NOT_ONE = -1;

function lineOfFrame(lines: readonly string[], frame: number): number {
  let seen = -1;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === '' || /^\s|^\.\.\.|^created by /.test(line)) continue;
    if (++seen === frame) return i;
  }
  return -1;
}

function objectIn(given: string, offset: number): string | undefined {
  const argument = firstPointer(given);
  return argument === undefined ? undefined : withoutOffset(argument, offset);
}

/** Less are lengths, flags and descriptors: see parseStack. */
const LEAST_DIGITS = 6;
const MOST_DIGITS = 13;

/** A first argument that is a pointer and sure to be right, `0xc000123450,` or `)`, less `offset`; else -1. @param at behind the parenthesis */
function pointerAt(buffer: Buffer, at: number, offset: number): number {
  if (buffer[at] !== 48 || buffer[at + 1] !== 120) return -1;
  let value = 0;
  let i = at + 2;
  for (;;) {
    const c = buffer[i]!;
    const digit = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : -1;
    if (digit < 0) break;
    value = value * 16 + digit;
    i++;
  }
  const digits = i - at - 2;
  // 44 and 41: a comma, a closing parenthesis. A question mark says that it may be out of date.
  if (digits < LEAST_DIGITS || digits > MOST_DIGITS || (buffer[i] !== 44 && buffer[i] !== 41)) return -1;
  return value - offset;
}
