/** Any dump of goroutines out of any bytes: packed, wrapped, in any of the three formats. */
import type { Cut, Dump } from '../../kernel/goroutines.ts';
import { unpacked } from './gunzip.ts';
import { otherLanguage } from './other-languages.ts';
import { OtherProfile, parseProfile } from './profile.ts';
import { FIRST_LINE, OTHER_PROFILE, ProfileTextReader } from './profile-text.ts';
import { ProtobufError } from './protobuf.ts';
import { TextReader } from './text.ts';
import { ZipError, type ZipEntry, zipEntries } from './zip.ts';

export interface ParseOptions {
  /** Keep every goroutine, not only groups. */
  rows: boolean;
  /** Of an archive: this entry. */
  entry?: string;
  signal?: AbortSignal;
}

/** There is no dump in it: why, and what there is instead. */
export class NoDump extends Error {
  override readonly name = 'NoDump';
  readonly candidates: readonly string[];

  constructor(message: string, candidates: readonly string[] = []) {
    super(message);
    this.candidates = candidates;
  }
}

export interface Parsed {
  dump: Dump;
  /** Of an archive: which. */
  entry?: string;
}

/** Profiles and archives are held whole; larger ones are refused. */
const MOST_HELD_BYTES = 512 * 1024 * 1024;
const SNIFFED_BYTES = 64 * 1024;

type Chunks = AsyncIterable<Buffer>;

/** Throws NoDump; errors of reading as they are. */
export async function parseDump(chunks: Chunks, options: ParseOptions): Promise<Parsed> {
  const source = new Peekable(chunks);
  const head = await source.peek(4);
  if (head.length === 0) throw new NoDump('it is empty');
  if (head[0] === 0x1f && head[1] === 0x8b) return { dump: await parsePacked(source, options) };
  if (head.toString('latin1', 0, 4) === 'PK\x03\x04' || head.toString('latin1', 0, 4) === 'PK\x05\x06') return parseZip(await gather(source), options);
  return { dump: await parsePlain(source, options) };
}

async function parsePacked(chunks: Chunks, options: ParseOptions): Promise<Dump> {
  let cut: Cut | undefined;
  try {
    return await parsePlain(unpacked(chunks, (found) => (cut = found)), options, () => cut);
  } catch (error) {
    if (error instanceof NoDump && cut) throw new NoDump(`${cut.detail}, and before that there is no goroutine dump`);
    throw error;
  }
}

async function parsePlain(chunks: Chunks, options: ParseOptions, cutOf: () => Cut | undefined = () => undefined): Promise<Dump> {
  const source = chunks instanceof Peekable ? chunks : new Peekable(chunks);
  const head = await source.peek(SNIFFED_BYTES);
  if (FIRST_LINE.test(firstLine(head))) return parseLines(source, cutOf);
  const other = OTHER_PROFILE.exec(firstLine(head));
  if (other) throw new NoDump(`this is a profile of ${other[1] === 'threadcreate' ? 'threads' : (other[1] ?? 'mutexes')}, not of goroutines`);
  if (isBinary(head)) return parseBinary(source, cutOf);
  const reader = new TextReader(options.rows);
  let interrupted = false;
  for await (const chunk of source) {
    reader.push(chunk);
    if (options.signal?.aborted) {
      interrupted = true;
      break;
    }
  }
  const dump = reader.end(interrupted ? { kind: 'interrupted', detail: 'reading was stopped' } : cutOf());
  if (dump) return dump;
  const language = otherLanguage(head.toString('latin1'));
  throw new NoDump(language === undefined ? 'there is no goroutine dump in it' : `this looks like ${language}, not like a dump of Go`);
}

async function parseLines(chunks: Chunks, cutOf: () => Cut | undefined): Promise<Dump> {
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
  const cut = cutOf() ?? dump.cut;
  return { ...dump, ...(cut && { cut }) };
}

const MOST_LINE = 1024 * 1024;
/** Their stacks alone would be more than a process can address. */
const MOST_GOROUTINES = 2 ** 37;

async function parseBinary(chunks: Chunks, cutOf: () => Cut | undefined): Promise<Dump> {
  const whole = await gather(chunks);
  if (/^go 1\.\d+ trace\0/.test(whole.toString('latin1', 0, 16))) throw new NoDump('this is an execution trace of Go, not a dump of goroutines');
  if (whole.toString('latin1', 0, 4) === '\x7fELF') throw new NoDump('this is a program or a core file, not a dump of goroutines');
  try {
    const dump = parseProfile(whole);
    const cut = cutOf();
    return { ...dump, ...(cut && { cut }) };
  } catch (error) {
    if (error instanceof OtherProfile) throw new NoDump(`this is ${error.message}, not of goroutines`);
    if (error instanceof ProtobufError) throw new NoDump('these are bytes of no format we know');
    throw error;
  }
}

async function parseZip(archive: Buffer, options: ParseOptions): Promise<Parsed> {
  let entries: ZipEntry[];
  try {
    entries = zipEntries(archive);
  } catch (error) {
    if (error instanceof ZipError) throw new NoDump(`the archive cannot be read: ${error.message}`);
    throw error;
  }
  const wanted = options.entry === undefined ? entries : entries.filter(({ name }) => name === options.entry);
  if (wanted.length === 0) throw new NoDump(`the archive has no entry ${options.entry ?? ''}`, entries.map(({ name }) => name));
  const found: Parsed[] = [];
  for (const entry of wanted) {
    const parsed = await parseEntry(entry, options);
    if (parsed) found.push({ dump: parsed, entry: entry.name });
  }
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new NoDump('no entry of the archive is a goroutine dump');
  throw new NoDump(`${found.length} entries of the archive are goroutine dumps`, found.map(({ entry }) => entry!));
}

async function parseEntry(entry: ZipEntry, options: ParseOptions): Promise<Dump | undefined> {
  let bytes: Buffer;
  try {
    bytes = entry.unpack(MOST_HELD_BYTES);
  } catch {
    // A broken entry beside a good one is no reason not to read that.
    return undefined;
  }
  try {
    return (await parseDump(one(bytes), { ...options, entry: '' })).dump;
  } catch (error) {
    if (error instanceof NoDump) return undefined;
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

/** Chunks that can be looked at before they are taken. */
class Peekable implements AsyncIterable<Buffer> {
  private readonly chunks: AsyncIterator<Buffer>;
  private held: Buffer[] = [];

  constructor(chunks: Chunks) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** At least so many bytes when there are as many. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.held.reduce((sum, chunk) => sum + chunk.length, 0) < bytes) {
      const next = await this.chunks.next();
      if (next.done) break;
      this.held.push(next.value);
    }
    if (this.held.length > 1) this.held = [Buffer.concat(this.held)];
    return this.held[0] ?? Buffer.alloc(0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      yield* this.held.splice(0);
      for (let next = await this.chunks.next(); !next.done; next = await this.chunks.next()) yield next.value;
    } finally {
      await this.chunks.return?.();
    }
  }
}
