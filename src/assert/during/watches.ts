/** Watches of inotify that processes hold. What counts them takes a lock of the instance: before and after a command only. */
import type { Evidence } from '../../evidence/types.ts';

export interface WatchCount {
  pid: number;
  fd: number;
  watches: number;
}

/** One line `inotify wd:...` of fdinfo for each (fs/notify/fdinfo.c). Instances that cannot be read are left out. */
export async function countWatches(evidence: Evidence, pids: readonly number[]): Promise<WatchCount[]> {
  const instances = pids.flatMap((pid) => (evidence.list(`/proc/${pid}/fd`).value ?? []).flatMap((fd) => (evidence.readlink(`/proc/${pid}/fd/${fd}`).value === 'anon_inode:inotify' ? [{ pid, fd: Number(fd) }] : [])));
  const infos = await evidence.readSlow(instances.map(({ pid, fd }) => `/proc/${pid}/fdinfo/${fd}`));
  return instances.flatMap(({ pid, fd }, index) => {
    const text = infos[index]?.value;
    return text === undefined ? [] : [{ pid, fd, watches: text.split('\ninotify wd:').length - 1 }];
  });
}
