/** What the descriptors of one process point at: listed, or walked where there are many, in parts between which signals are handled. */
import { PackedLinks } from '../evidence/packed-links.ts';
import type { Evidence, LinkAnswers } from '../evidence/types.ts';
import { type LinkList, Links } from './links.ts';

/** Descriptors between two chances for a signal to be handled. */
const CHUNK = 2000;

/** What the descriptors of one process point at. */
export interface LinkTable {
  pid: number;
  /** What was listed, ascending; none where links were read without a list. */
  numbers: number[];
  /** How many numbers were seen to be open. */
  listed: number;
  links: LinkList;
  /** Descriptors that were listed and could not be read: errno by number. */
  errors: Map<number, string>;
  /** Closed between listing and reading: normal in a busy process. */
  vanished: number;
  /** A signal ended the reading before all was asked. */
  stopped: boolean;
  /** Set when the list itself was refused. */
  errno?: string;
}

/** When to keep links packed: where there are more than `from`; about `open` are expected. */
interface Packing {
  from: number;
  open: number;
}

/** The links alone: for those who hold the other ends. */
export async function readLinkTable(evidence: Evidence, pid: number, signal: AbortSignal, packing: Packing = { from: Number.POSITIVE_INFINITY, open: 0 }): Promise<LinkTable> {
  const links = new Links();
  const table: LinkTable = { pid, numbers: [], listed: 0, links, errors: new Map(), vanished: 0, stopped: false };
  const directory = `/proc/${pid}/fd`;
  if (packing.open > packing.from && (await walkTable(evidence, directory, packing.open, table, signal))) return table;
  const { numbers, errno } = listNumbers(evidence, directory);
  if (errno !== undefined) return { ...table, errno };
  table.numbers = numbers;
  table.listed = numbers.length;
  const packed = table.numbers.length > packing.from ? new PackedLinks(table.numbers.length) : undefined;
  if (packed) table.links = packed;
  await eachChunk(table, table.numbers, signal, (chunk) => {
    const errnos = (packed && evidence.packLinks?.(directory, chunk, packed)) ?? readChunk(evidence, directory, chunk, packed ?? links);
    for (const [index, errno] of errnos) {
      if (errno === 'ENOENT' || errno === 'ESRCH') table.vanished++;
      else table.errors.set(chunk[index]!, errno);
    }
  });
  return table;
}

/** False where that cannot be done: then nothing was read. */
async function walkTable(evidence: Evidence, directory: string, open: number, table: LinkTable, signal: AbortSignal): Promise<boolean> {
  const links = new PackedLinks(open);
  const walk = evidence.walkLinks?.(directory, open, links);
  if (!walk) return false;
  try {
    for (;;) {
      const isMore = walk.next(CHUNK);
      if (!isMore || signal.aborted) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!walk.isWhole && !signal.aborted) return false;
  } catch {
    // Listed in the usual way, it says why.
    return false;
  } finally {
    walk.close();
  }
  table.links = links;
  table.errors = new Map(walk.errnos);
  table.stopped = !walk.isWhole;
  const seen = links.size + walk.errnos.size;
  table.listed = table.stopped ? Math.max(seen, open) : seen;
  return true;
}

/** Ascending. The names are not kept: who waits while the links are read would hold 20,000 strings. */
function listNumbers(evidence: Evidence, directory: string): { numbers: number[]; errno?: string } {
  const { value, errno = 'EIO' } = evidence.list(directory);
  return value ? { numbers: value.map(Number).sort((a, b) => a - b) } : { numbers: [], errno };
}

function readChunk(evidence: Evidence, directory: string, chunk: readonly number[], into: LinkList): Map<number, string> {
  const { values, errnos } = evidence.readlinks?.(directory, chunk) ?? oneByOne(evidence, directory, chunk);
  for (let index = 0; index < chunk.length; index++) {
    const value = values[index];
    if (value !== undefined) into.add(chunk[index]!, value);
  }
  return errnos;
}

/** Calls `visit` for parts of the list, and lets signals be handled in between. */
export async function eachChunk(table: LinkTable, fds: readonly number[], signal: AbortSignal, visit: (chunk: readonly number[]) => void): Promise<void> {
  for (let at = 0; at < fds.length; at += CHUNK) {
    table.stopped ||= signal.aborted;
    if (table.stopped) return;
    const end = at + CHUNK;
    visit(at === 0 && end >= fds.length ? fds : fds.slice(at, end));
    if (end < fds.length) await new Promise((resolve) => setImmediate(resolve));
  }
}

function oneByOne(evidence: Evidence, directory: string, numbers: readonly number[]): LinkAnswers {
  const answers: LinkAnswers = { values: [], errnos: new Map() };
  numbers.forEach((number, index) => {
    const { value, errno = 'EIO' } = evidence.readlink(`${directory}/${number}`);
    answers.values.push(value);
    if (value === undefined) answers.errnos.set(index, errno);
  });
  return answers;
}
