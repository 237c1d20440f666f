/** Names of what is watched in /proc, which has no handles and is too large to be walked. */
import type { ByteString } from '../../evidence/types.ts';
import { isWatched } from './identity.ts';
import type { Watch } from './model.ts';
import type { Resolving } from './resolve.ts';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
/** Listed there: itself, and what a program most likely watches of its own. */
const LISTED = ['', '/sys/kernel', '/sys/vm', '/sys/net', '/pressure'];

/** Looks for them at the top of each /proc, and in the directory of the process. */
export function resolveInProc(watches: readonly Watch[], { questions, pid, mounts }: Resolving): void {
  const wanted = new Map<string, Watch[]>();
  for (const watch of watches) if (watch.fsType === 'proc' && watch.path === undefined) wanted.set(watch.ino, [...(wanted.get(watch.ino) ?? []), watch]);
  if (wanted.size === 0) return;
  const claim = (path: ByteString, ino?: string): void => {
    if (ino !== undefined && !wanted.has(ino)) return;
    const stat = questions.lookInRoot(pid, path).value?.stat;
    for (const watch of stat ? (wanted.get(stat.ino) ?? []) : []) {
      if (!isWatched(watch, path, stat!, questions, pid)) continue;
      Object.assign(watch, { path, by: 'walk', state: 'ok', what: (stat!.mode & S_IFMT) === S_IFDIR ? 'directory' : 'file' } satisfies Partial<Watch>);
    }
  };
  for (const { mountPoint } of mounts.filter(({ fsType, root }) => fsType === 'proc' && root === '/')) {
    claim(mountPoint);
    for (const directory of [...LISTED, `/${pid}`]) {
      for (const { name, ino } of questions.listInRoot(pid, mountPoint + directory).value ?? []) claim(`${mountPoint}${directory}/${name}`, ino);
    }
  }
}
