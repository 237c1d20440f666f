/** Any dump of goroutines out of any bytes: packed, wrapped, in any of the three formats. */
import type { Cut, Dump } from '../../kernel/goroutines.ts';
import { isArchive, parseArchive } from './archive.ts';
import { NoDump } from './no-dump.ts';
import { otherLanguage } from './other-languages.ts';
import { otherPacker, unpacked } from './packed.ts';
import { Peekable } from './peekable.ts';
import { OtherProfile, parseProfile } from './profile.ts';
import { FIRST_LINE, OTHER_PROFILE, ProfileTextReader } from './profile-text.ts';
import { ProtobufError } from './protobuf.ts';
import { TextReader } from './text.ts';
import { fromUtf16, utf16Order } from './utf16.ts';

export { NoDump } from './no-dump.ts';

export interface ParseOptions {
  /** Keep every goroutine, not only groups. */
  rows: boolean;
  /** Of an archive: this entry. */
  entry?: string;
  signal?: AbortSignal;
  /** To be called where no chunk is kept when the next is asked for. */
  reuse?: () => void;
}

export interface Parsed {
  dump: Dump;
  /** Of an archive: which. */
  entry?: string;
}

/** Profiles and archives are held whole; larger ones are refused. */
const MOST_HELD_BYTES = 512 * 1024 * 1024;
const SNIFFED_BYTES = 64 * 1024;
/** What tells packers, archives and encodings: the first block of a tar archive. */
const HEAD_BYTES = 512;
/** A log that was packed by what rotates it and once more by who sends it; deeper ones are no logs. */
const DEEPEST = 4;

type Chunks = AsyncIterable<Buffer>;

/** Throws NoDump; errors of reading as they are. */
export async function parseDump(chunks: Chunks, options: ParseOptions): Promise<Parsed> {
  return parseLayer(new Peekable(chunks), options, { depth: 0 });
}

/** What is around it. */
interface Wrapping {
  /** How often it was unpacked. */
  depth: number;
  cut?: Cut;
}

async function parseLayer(source: Peekable, options: ParseOptions, wrapping: Wrapping): Promise<Parsed> {
  const head = await source.peek(HEAD_BYTES);
  if (head.length === 0) throw new NoDump('it is empty');
  const inner = wrapping.depth < DEEPEST ? unpacked(source, head, (cut) => (wrapping.cut ??= cut)) : undefined;
  if (inner) return parsePacked(new Peekable(inner), options, wrapping);
  if (isArchive(head)) return parseEntry(await gather(source), options);
  const other = otherPacker(head);
  if (other !== undefined) throw new NoDump(other);
  const order = utf16Order(head);
  return { dump: await (order ? parsePlain(new Peekable(fromUtf16(source, order)), kept(options), wrapping) : parsePlain(source, options, wrapping)) };
}

async function parsePacked(source: Peekable, options: ParseOptions, wrapping: Wrapping): Promise<Parsed> {
  wrapping.depth++;
  try {
    return await parseLayer(source, kept(options), wrapping);
  } catch (error) {
    if (error instanceof NoDump && wrapping.cut) throw new NoDump(`${wrapping.cut.detail}, and before that there is no goroutine dump`);
    throw error;
  }
}

/** What is unpacked may wait for its turn: its chunks are not to be used again. */
function kept({ reuse: _, ...options }: ParseOptions): ParseOptions {
  return options;
}

async function parseEntry(archive: Buffer, options: ParseOptions): Promise<Parsed> {
  const { found, entry } = await parseArchive(archive, options.entry, (bytes) => parseDump(one(bytes), { ...kept(options), entry: '' }), MOST_HELD_BYTES);
  return { dump: found.dump, entry };
}

async function parsePlain(source: Peekable, options: ParseOptions, wrapping: Wrapping): Promise<Dump> {
  const head = await source.peek(SNIFFED_BYTES);
  if (FIRST_LINE.test(firstLine(head))) return parseLines(source, wrapping);
  const other = OTHER_PROFILE.exec(firstLine(head));
  if (other) throw new NoDump(`this is a profile of ${other[1] === 'threadcreate' ? 'threads' : (other[1] ?? 'mutexes')}, not of goroutines`);
  if (isBinary(head)) return parseBinary(source, wrapping);
  const reader = new TextReader(options.rows);
  options.reuse?.();
  let interrupted = false;
  for await (const chunk of source) {
    reader.push(chunk);
    if (options.signal?.aborted) {
      interrupted = true;
      break;
    }
  }
  const dump = reader.end(interrupted ? { kind: 'interrupted', detail: 'reading was stopped' } : wrapping.cut);
  if (dump) return dump;
  const language = otherLanguage(head.toString('latin1'));
  throw new NoDump(language === undefined ? 'there is no goroutine dump in it' : `this looks like ${language}, not like a dump of Go`);
}

async function parseLines(chunks: Chunks, wrapping: Wrapping): Promise<Dump> {
  const reader = new ProfileTextReader();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop()!.slice(0, MOST_LINE);
    for (const line of lines) reader.line(line);
  }
  reader.line(rest);
  const dump = reader.end();
  if (dump.total > MOST_GOROUTINES) throw new NoDump('it tells of more goroutines than any program can have');
  const cut = wrapping.cut ?? dump.cut;
  return { ...dump, ...(cut && { cut }) };
}

const MOST_LINE = 1024 * 1024;
/** Their stacks alone would be more than a process can address. */
const MOST_GOROUTINES = 2 ** 37;

async function parseBinary(chunks: Chunks, wrapping: Wrapping): Promise<Dump> {
  const whole = await gather(chunks);
  if (/^go 1\.\d+ trace\0/.test(whole.toString('latin1', 0, 16))) throw new NoDump('this is an execution trace of Go, not a dump of goroutines');
  if (whole.toString('latin1', 0, 4) === '\x7fELF') throw new NoDump(wrapping.depth > 0 ? 'what is packed in it is a program or a core file: a core file is read when it is unpacked' : 'this is a program or a core file, not a dump of goroutines');
  try {
    const dump = parseProfile(whole);
    const { cut } = wrapping;
    return { ...dump, ...(cut && { cut }) };
  } catch (error) {
    if (error instanceof OtherProfile) throw new NoDump(`this is ${error.message}, not of goroutines`);
    if (error instanceof ProtobufError) throw new NoDump('these are bytes of no format we know');
    throw error;
  }
}

async function* one(buffer: Buffer): AsyncGenerator<Buffer> {
  yield buffer;
}

async function gather(chunks: Chunks): Promise<Buffer> {
  const all: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MOST_HELD_BYTES) throw new NoDump('a packed or binary file of more than 512 MiB is not read');
    all.push(chunk);
  }
  return Buffer.concat(all);
}

function firstLine(head: Buffer): string {
  return head.toString('latin1', 0, 200).split('\n')[0]!.trimEnd();
}

/** Text has no NUL and hardly a control character; a profile has both in its first bytes. */
function isBinary(head: Buffer): boolean {
  const some = head.subarray(0, 1024);
  let odd = 0;
  for (const byte of some) if (byte === 0 || (byte < 9) || (byte > 13 && byte < 27)) odd++;
  return odd > some.length / 50 || some[0] === 0x0a && some.includes(0);
}
