/** Class A: questions the kernel answers without waiting for anybody. Synchronous, and as cheap as Node allows. */
import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { type FdLinks, openFdLinks } from './native/fd-links.ts';
import type { PackedLinks } from './packed-links.ts';
import { expectShortRun } from './short-run.ts';
import type { ByteString, Errno, LinkAnswers } from './types.ts';

/** O_NONBLOCK: a path that turns out to be a FIFO must not hold us. Node adds O_CLOEXEC to every open itself. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const FOLLOW = { throwIfNoEntry: false } as const;

const BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
/** Below this much room the buffer is emptied first: small reads would cost seq_file one system call per few lines. */
const LEAST_ROOM = 16 * 1024;

const NEWLINE = 10;

/** What the kernel makes as one record (single_open), and gives whole to a first read that has room for it: no second one is needed. */
const MADE_AT_ONCE = /^\/proc\/\d+\/(?:stat|status|limits)$/;
const PAGE = 4096;

/** The most bytes one answer may have. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;

class TooBig extends Error {
  readonly code = 'EFBIG';
}

/**
 * A whole file as a ByteString. fs.readFileSync does the same at 3.5 times the cost.
 * @throws with `code` an errno name; EFBIG over MAX_FILE_BYTES
 */
export function readWhole(path: string): ByteString {
  const fd = openSync(path, FLAGS);
  try {
    let text = '';
    let filled = 0;
    for (;;) {
      const got = readSync(fd, BUFFER, filled, BUFFER.length - filled, null);
      filled += got;
      if (got === 0 || (got === filled && got < PAGE && MADE_AT_ONCE.test(path))) return text + BUFFER.toString('latin1', 0, filled);
      if (BUFFER.length - filled < LEAST_ROOM) {
        text += BUFFER.toString('latin1', 0, filled);
        filled = 0;
        if (text.length > MAX_FILE_BYTES) throw new TooBig(path);
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** The whole lines among the first `most` bytes of a file, at most 64 KiB. @throws with `code` an errno name */
export function readStart(path: string, most: number): ByteString {
  const fd = openSync(path, FLAGS);
  try {
    let filled = 0;
    for (let got = -1; got !== 0 && filled < most; filled += got) got = readSync(fd, BUFFER, filled, most - filled, null);
    return BUFFER.toString('latin1', 0, BUFFER.subarray(0, filled).lastIndexOf(NEWLINE) + 1);
  } finally {
    closeSync(fd);
  }
}

/** A table of the kernel, page by page (seq_file, whole lines each), until `isEnough` says so of the last one. @throws with `code` an errno name */
export function readUntil(path: string, isEnough: (page: ByteString) => boolean): ByteString {
  const fd = openSync(path, FLAGS);
  try {
    let text = '';
    for (let got = -1; got !== 0 && text.length <= MAX_FILE_BYTES; ) {
      got = readSync(fd, BUFFER, 0, BUFFER.length, null);
      const page = BUFFER.toString('latin1', 0, got);
      text += page;
      if (isEnough(page)) break;
    }
    return text;
  } finally {
    closeSync(fd);
  }
}

/** readlink(2). @throws with `code` an errno name */
export function readLink(path: string): ByteString {
  return readlinkSync(path, 'latin1');
}

/** From so many links on the quick way is worth what it costs to prepare. */
const MANY_LINKS = 500;
/** The same where only a length is asked for. */
const FEW_LINKS = 20;

/** readlink(2) of `directory/number` for each. */
export function readLinks(directory: string, numbers: readonly number[]): LinkAnswers {
  const answers: LinkAnswers = { values: [], errnos: new Map() };
  const prefix = `${directory}/`;
  if (numbers.length >= MANY_LINKS) expectShortRun();
  const quick = numbers.length < MANY_LINKS ? null : openQuick(directory, numbers.length);
  for (let index = 0; index < numbers.length; index++) {
    let value = quick?.read(numbers[index]!);
    if (value === undefined) {
      try {
        value = readlinkSync(prefix + numbers[index]!, 'latin1');
      } catch (error) {
        answers.errnos.set(index, errnoOf(error));
      }
    }
    answers.values.push(value);
  }
  quick?.close();
  return answers;
}

/** The same into `into`; errnos of those that could not be read, by index. */
export function packLinks(directory: string, numbers: readonly number[], into: PackedLinks): Map<number, Errno> {
  const errnos = new Map<number, Errno>();
  const prefix = `${directory}/`;
  expectShortRun();
  const quick = openQuick(directory, into.numbers.length);
  for (let index = 0; index < numbers.length; index++) {
    const fd = numbers[index]!;
    if (quick?.pack(fd, into)) continue;
    try {
      into.add(fd, readlinkSync(prefix + fd, 'latin1'));
    } catch (error) {
      errnos.set(index, errnoOf(error));
    }
  }
  quick?.close();
  return errnos;
}

/**
 * Numbers in `directory` whose link is one of `texts`. What was closed meanwhile is passed over.
 * @throws with `code` an errno name, also when a link is refused: then nothing is known of the whole
 */
export function findLinks(directory: string, texts: readonly ByteString[]): number[] {
  const found: number[] = [];
  const names = readdirSync(directory, 'latin1');
  const quick = names.length < FEW_LINKS ? null : openQuick(directory, names.length);
  const lengths = texts.map((text) => text.length);
  for (const name of names) {
    const length = quick?.length(Number(name));
    if (length !== undefined && !lengths.includes(length)) continue;
    try {
      if (texts.includes(readlinkSync(`${directory}/${name}`, 'latin1'))) found.push(Number(name));
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(errnoOf(error))) throw error;
    }
  }
  quick?.close();
  return found.sort((a, b) => a - b);
}

/** What refuses the quick way refuses each link too, and says so there. */
function openQuick(directory: string, links: number): FdLinks | null {
  try {
    return openFdLinks(directory, links);
  } catch {
    return null;
  }
}

/** Entries of a directory in the order of their bytes (`10` before `2`), as Node sorts them. @throws with `code` an errno name */
export function listDirectory(path: string): string[] {
  return readdirSync(path, 'latin1');
}

/** st_size of a path, links followed; undefined when nothing is there. @throws with `code` an errno name */
export function sizeOf(path: string): number | undefined {
  return statSync(path, FOLLOW)?.size;
}
