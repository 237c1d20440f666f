/** Where the symbolic links of a tree lead, asked of realpath(1) and stat(1), many at a time, while the tree is still being walked. */
import type { Children } from './reader-child.ts';
import { chunkOf } from './reader-parts.ts';
import type { ByteString } from './types.ts';

/** GNU programs: those of busybox know no NUL at the end, and are told by that. */
export interface LinkPrograms {
  realpath: string | undefined;
  stat: string | undefined;
}

/** What is at a path without links. */
export interface Target {
  path: ByteString;
  directory: boolean;
  /** `DEVICE:INODE`, decimal. */
  id: string;
}

/** A command line of them is asked about together. */
const BATCH_BYTES = 64 * 1024;
const ENDED = Symbol('ended');
const UNSUPPORTED = /(?:unrecognized|invalid) option|usage:/i;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

export interface LinkReader {
  /** A link, as find names it. */
  add(link: ByteString): void;
  /** What all links so far lead to, as far as `isWanted` says so of its path. */
  targets(): Promise<Target[]>;
  /** The path without links; undefined when it cannot be told. */
  realPath(path: string): Promise<ByteString | undefined>;
  /** Links that could not be asked about, and names that could not be kept. */
  unsure(): number;
  /** Why it ended before all were asked, as ChildRun has it. */
  stopped(): boolean;
}

/**
 * @param isWanted by the path that a link leads to; asked once of each link
 * @param most paths that are kept at most
 */
export function openLinkReader(children: Children, { realpath, stat }: LinkPrograms, until: number, isWanted: (path: ByteString) => boolean, most: number): LinkReader {
  const wanted = new Set<ByteString>();
  let pending: string[] = [];
  let bytes = 0;
  let unsure = 0;
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();

  const ask = async (program: string, options: readonly string[], paths: readonly string[]): Promise<ByteString[] | typeof ENDED> => {
    const parts: ByteString[] = [];
    for (let rest = paths; rest.length > 0; ) {
      const batch = chunkOf(rest, 0);
      rest = rest.slice(batch.length);
      const run = await children.run(program, [...options, '--', ...batch], { LC_ALL: 'C' }, until);
      if (run.ended !== 'done') {
        isStopped = true;
        return ENDED;
      }
      if (run.output === '' && UNSUPPORTED.test(run.errors)) unsure += batch.length;
      else for (const part of run.output.split('\0')) if (part !== '') parts.push(part);
    }
    return parts;
  };
  const resolve = async (links: readonly string[]): Promise<void> => {
    if (isStopped) return;
    if (realpath === undefined || stat === undefined) {
      unsure += links.length;
      return;
    }
    // Without a word of those that lead nowhere, which all libraries leave out.
    const found = await ask(realpath, ['-e', '-z'], links);
    if (found === ENDED) return;
    for (const path of found) {
      if (wanted.has(path) || !isWanted(path)) continue;
      if (wanted.size < most) wanted.add(path);
      else unsure++;
    }
  };
  const flush = (): void => {
    const links = pending;
    pending = [];
    bytes = 0;
    if (links.length > 0) running = running.then(() => resolve(links));
  };
  return {
    add(link) {
      const argument = argumentOf(link);
      if (argument === undefined) {
        unsure++;
        return;
      }
      pending.push(argument);
      bytes += link.length;
      if (bytes > BATCH_BYTES) flush();
    },
    async targets() {
      flush();
      await running;
      const paths = [...wanted].filter(isWanted);
      wanted.clear();
      const known = paths.flatMap((path) => argumentOf(path) ?? []);
      unsure += paths.length - known.length;
      if (stat === undefined || known.length === 0 || isStopped) return [];
      const lines = await ask(stat, ['--printf', '%f %d:%i %n\\0'], known);
      return lines === ENDED ? [] : lines.map(targetOf);
    },
    async realPath(path) {
      if (realpath === undefined) return undefined;
      const found = await ask(realpath, ['-e', '-z'], [path]);
      return found === ENDED ? undefined : found[0];
    },
    unsure: () => unsure,
    stopped: () => isStopped,
  };
}

function targetOf(line: ByteString): Target {
  const [mode = '', id = ''] = line.split(' ', 2);
  return { directory: (Number.parseInt(mode, 16) & S_IFMT) === S_IFDIR, id, path: line.slice(mode.length + id.length + 2) };
}

/** A name that is not UTF-8 cannot be given to a program from here: undefined. */
export function argumentOf(bytes: ByteString): string | undefined {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? undefined : text;
}
