/** Whole files through `cat`: one child for many paths, its output cut apart at fences. */
import { errnoByPath } from './errno.ts';
import type { ChildRun, Children } from './reader-child.ts';
import { type Reply, chunkOf, refuse, RETRY_MS, silence, throughSelf } from './reader-parts.ts';
import type { ByteString } from './types.ts';

/**
 * Between any two files the child also prints its own environment, which holds a fresh random word: no content, however
 * hostile, can look like it.
 */
const FENCE_FILE = '/proc/self/environ';
const FENCE_NAME = 'RELOADCTL_FENCE';

interface Batch {
  replies: Reply<ByteString>[];
  /** Why the batch ended before its last path, if it did. */
  cut?: 'timeout' | 'big';
}

/**
 * Reads every path, in order. A path that never answers costs the deadline: it gets ETIMEDOUT, what came before it is kept,
 * and what comes after it is tried once more by another child.
 * @param until performance.now() at which to give up
 */
export async function catMany(
  children: Children,
  program: string | undefined,
  paths: readonly string[],
  until: number,
): Promise<Reply<ByteString>[]> {
  const replies: Reply<ByteString>[] = [];
  let deadline = until;
  let cuts = 0;
  while (replies.length < paths.length) {
    const rest = paths.slice(replies.length);
    const batch = program === undefined ? undefined : await catBatch(children, program, chunkOf(rest, FENCE_FILE.length + 9), deadline);
    if (batch === undefined) return [...replies, ...refuse<ByteString>(rest.length, 'ENOREADER')];
    replies.push(...batch.replies);
    if (batch.cut === undefined) continue;
    replies.push({ errno: batch.cut === 'big' ? 'EFBIG' : silence(children) });
    cuts++;
    if (cuts > 1 || children.interrupted()) return [...replies, ...refuse<ByteString>(paths.length - replies.length, silence(children))];
    deadline = Math.max(until, performance.now() + RETRY_MS);
  }
  return replies;
}

/** One child for `paths`; undefined when none could be started. */
async function catBatch(children: Children, program: string, paths: readonly string[], until: number): Promise<Batch | undefined> {
  const word = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
  const resolved = paths.map(throughSelf);
  const args = ['--', ...resolved.flatMap((path) => [path, FENCE_FILE])];
  const run = await children.run(program, args, { [FENCE_NAME]: word }, until);
  if (run.ended === 'failed') return undefined;
  const blocks = run.output.split(`${FENCE_NAME}=${word}\0`);
  const unfinished = blocks.pop();
  if (run.ended !== 'done') return { replies: toReplies(resolved, blocks, run), cut: run.ended };
  if (blocks.length === paths.length && unfinished === '') return { replies: toReplies(resolved, blocks, run) };
  return catOneByOne(children, program, resolved, until);
}

/**
 * Files of one line each, as they read in the user namespace of `pid`: /proc/sys/user is another one there. The child that enters it
 * keeps its ids, and runs nothing but `cat`. EPERM for who has no rights in that namespace.
 */
export async function catInUserNamespace(
  children: Children,
  nsenter: string | undefined,
  cat: string | undefined,
  pid: number,
  paths: readonly string[],
  until: number,
): Promise<Reply<ByteString>[]> {
  if (nsenter === undefined || cat === undefined) return refuse(paths.length, 'ENOREADER');
  const run = await children.run(nsenter, [`--user=/proc/${pid}/ns/user`, '--preserve-credentials', '--', cat, '--', ...paths], {}, until);
  if (run.ended === 'failed') return refuse(paths.length, 'ENOREADER');
  if (run.ended !== 'done') return refuse(paths.length, silence(children));
  const lines = run.output.split('\n');
  if (run.exitCode !== 0 || lines.length !== paths.length + 1) return refuse(paths.length, /Operation not permitted/.test(run.errors) ? 'EPERM' : 'EIO');
  return paths.map((_, index) => ({ value: `${lines[index]}\n` }));
}

/** For where the fence does not come out as expected: one child per path needs none. */
async function catOneByOne(children: Children, program: string, paths: readonly string[], until: number): Promise<Batch | undefined> {
  const replies: Reply<ByteString>[] = [];
  for (const path of paths) {
    const run = await children.run(program, ['--', path], {}, until);
    if (run.ended === 'failed') return undefined;
    if (run.ended !== 'done') return { replies, cut: run.ended };
    replies.push(...toReplies([path], [run.output], run));
  }
  return { replies };
}

/** An error message outweighs bytes that came before it: half a file is no answer. */
function toReplies(paths: readonly string[], blocks: readonly ByteString[], run: ChildRun): Reply<ByteString>[] {
  const errnos = errnoByPath(run.errors);
  return blocks.map((block, index) => {
    const errno = errnos.get(paths[index] ?? '');
    return errno === undefined ? { value: block } : { errno };
  });
}
