/** stat(2) of many descriptors through `stat`: one child for thousands of them. */
import { lstatSync } from 'node:fs';
import { errnoByPath, errnoOf } from './errno.ts';
import type { Children } from './reader-child.ts';
import { type Reply, chunkOf, refuse, RETRY_MS, silence, throughSelf } from './reader-parts.ts';
import type { Errno, FileStat } from './types.ts';

/** GNU and busybox agree on these. The name last, so that whatever it holds cannot shift the numbers. */
const FORMAT = '%d %i %f %h %b %B %s %Z %n';
const LINE = /^(\d+) (\d+) ([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (-?\d+) (.*)$/;

/** Descriptors, and the program of a process: nothing that a target could name. */
const NAME = /^(?:\d+|(?:\d+\/)?exe)$/;

/** `stat` writes 4 KiB at a time: when it hangs, the name it hangs at is among this many without an answer. */
const BUFFERED_LINES = 140;
/** Children of a second try that share those names, so that one bad name costs few good ones. */
const SEARCHERS = 7;

/**
 * Follows `directory/name` for each name, which must be digits, `exe` or `PID/exe` (EINVAL else). A name that never answers costs the deadline:
 * the unanswered are tried once more in small parts, and what is still without an answer gets ETIMEDOUT.
 * @param until performance.now() at which to give up
 */
export async function statMany(
  children: Children,
  program: string | undefined,
  directory: string,
  names: readonly string[],
  until: number,
): Promise<Reply<FileStat>[]> {
  if (program === undefined) return refuse(names.length, 'ENOREADER');
  const prefix = `${throughSelf(directory)}/`;
  const found = new Map<string, Reply<FileStat>>();
  const ask = (paths: readonly string[], deadline: number): Promise<boolean> => statBatch(children, program, paths, deadline, found);

  let todo: readonly string[] = names.filter((name) => NAME.test(name)).map((name) => prefix + name);
  while (todo.length > 0) {
    const batch = chunkOf(todo, 0);
    if (!(await ask(batch, until))) {
      const missing = todo.filter((path) => !found.has(path));
      const deadline = Math.max(until, performance.now() + RETRY_MS);
      await Promise.all(searchParts(missing).map((part) => ask(part, deadline)));
      break;
    }
    todo = todo.slice(batch.length);
  }
  return names.map((name) => found.get(prefix + name) ?? { errno: NAME.test(name) ? silence(children) : 'EINVAL' });
}

/** The names the child may have hung at in small parts, and those it never came to in large ones. */
function searchParts(paths: readonly string[]): (readonly string[])[] {
  const suspects = paths.slice(0, BUFFERED_LINES);
  const size = Math.ceil(suspects.length / SEARCHERS);
  const parts: (readonly string[])[] = [];
  for (let from = 0; from < suspects.length; from += size) parts.push(suspects.slice(from, from + size));
  for (let rest = paths.slice(BUFFERED_LINES); rest.length > 0; ) {
    const part = chunkOf(rest, 0);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts;
}

/** One child; notes what it says in `found`. False when it did not come to its end. */
async function statBatch(
  children: Children,
  program: string,
  paths: readonly string[],
  until: number,
  found: Map<string, Reply<FileStat>>,
): Promise<boolean> {
  const run = await children.run(program, ['-L', '-c', FORMAT, '--', ...paths], {}, until);
  for (const line of run.output.split('\n')) {
    const fields = LINE.exec(line);
    if (fields !== null) found.set(fields[9] ?? '', { value: toStat(fields) });
  }
  if (run.ended !== 'done' && run.ended !== 'failed') return false;
  const errnos = errnoByPath(run.errors);
  for (const path of paths) {
    if (!found.has(path)) found.set(path, { errno: run.ended === 'failed' ? 'ENOREADER' : (errnos.get(path) ?? lookAtLink(path)) });
  }
  return true;
}

function toStat(fields: RegExpExecArray): FileStat {
  return {
    dev: fields[1] ?? '',
    ino: fields[2] ?? '',
    mode: Number.parseInt(fields[3] ?? '', 16),
    nlink: Number(fields[4]),
    allocatedBytes: Number(fields[5]) * Number(fields[6]),
    size: Number(fields[7]),
    changedMs: Number(fields[8]) * 1000,
  };
}

/** The child said nothing of this path: see whether its link is there at all. lstat(2) in /proc cannot block. */
function lookAtLink(path: string): Errno {
  try {
    lstatSync(path);
    return 'EIO';
  } catch (error) {
    return errnoOf(error);
  }
}
