/** The questions about what users have of what is limited per user, on this machine. */
import { answering } from './answering.ts';
import type { Native, NativeUsers } from './native/types.ts';
import { startedAs } from './auxv.ts';
import { findLinks } from './procfs.ts';
import type { Reader } from './reader.ts';
import type { Reply } from './reader-parts.ts';
import type { Answer, ByteString, Evidence, UserQuestions } from './types.ts';

/** @param native the calls, or null; asked for at the first question that needs them */
export function liveUsers(world: Pick<Evidence, 'now'>, reader: Reader, native: () => Native | null): UserQuestions {
  const { answer, ask } = answering(world);
  const call = <T>(source: string, question: (calls: NativeUsers) => T): Answer<T> => {
    const calls = native()?.users;
    return calls ? ask(source, () => question(calls)) : answer<T>({ errno: 'ENOTSUP' }, source);
  };
  return {
    findLinks: (pid, texts) => ask(`/proc/${pid}/fd`, () => findLinks(`/proc/${pid}/fd`, texts)),
    countLinesSlow: async (paths, start) => {
      const replies = await reader.readMany(paths);
      return paths.map((path, index) => answer(counted(replies[index] ?? { errno: 'ENOREADER' }, start), path));
    },
    descriptionOrder: (pid1, fd1, pid2, fd2) =>
      call(`kcmp(${pid1}, ${pid2}, KCMP_FILE, ${fd1}, ${fd2})`, (calls) => calls.descriptionOrder(pid1, fd1, pid2, fd2)),
    userNamespaces: (pid) => call(`/proc/${pid}/ns/user`, (calls) => calls.userNamespaces(pid)),
    startedAs: (pid) => ask(`/proc/${pid}/auxv`, () => startedAs(pid)),
    tryInstances: (wanted, uid) => call(`inotify_init1 ${wanted} times`, (calls) => calls.tryInstances(wanted, uid)),
    tryWatches: (wanted, uid) => call(`inotify_add_watch ${wanted} times`, (calls) => calls.tryWatches(wanted, uid)),
    readAsUserOf: async (pid, paths) => {
      const replies = await reader.readInUserNamespace(pid, paths);
      return paths.map((path, index) => answer(replies[index] ?? { errno: 'ENOREADER' }, `nsenter --user --target ${pid} cat ${path}`));
    },
    realPaths: async (paths) => {
      const replies = await reader.realPaths(paths);
      return paths.map((path, index) => answer(replies[index] ?? { errno: 'ENOREADER' }, path));
    },
    countTree: async (tree, options) => answer(await reader.countTree(tree, options), tree.path),
  };
}

function counted(reply: Reply<ByteString>, start: ByteString): Reply<number> {
  return reply.value === undefined ? { errno: reply.errno ?? 'EIO' } : { value: countLines(reply.value, start) };
}

/** Lines that begin so; without a list of them, since there may be 190,000. */
function countLines(text: ByteString, start: ByteString): number {
  let count = text.startsWith(start) ? 1 : 0;
  const after = `\n${start}`;
  for (let at = text.indexOf(after); at >= 0; at = text.indexOf(after, at + after.length)) count++;
  return count;
}
