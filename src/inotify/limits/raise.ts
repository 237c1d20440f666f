/** What would make a limit large enough: told, never done. */
import type { Level } from '../../kernel/inotify-users/index.ts';
import type { Remedy } from '../../report/index.ts';
import { bytes, count } from '../../report/words.ts';
import { INODE_BYTES, MOST_SETTABLE, recommended, type Resource, settingOf, WATCH_BYTES } from './fit.ts';

export interface Raise {
  setting: string;
  to: number;
  once: string;
  /** Absent for a user namespace: it lasts as long as that. */
  persistent?: string;
  /** Kernel memory, if all of it were used: of the watches themselves, and with the inodes they pin. Absent for instances. */
  memoryBytes?: number;
  memoryBytesPinned?: number;
}

/**
 * Null when no setting allows so many.
 *
 * @param need beside what is used
 * @param used what is in use at the level, see inUse()
 * @param inside a process of the level's namespace
 */
export function raiseOf(level: Level, resource: Resource, { used, need }: { used: number; need: number }, ownNamespace: string, inside?: number): Raise | null {
  const setting = settingOf(level, resource);
  const to = recommended(used, need);
  if (to === null) return null;
  const once = level.isFirst ? `sudo sysctl -w ${setting}=${to}` : inNamespace(level, `sysctl -w ${setting}=${to}`, ownNamespace, inside);
  return {
    setting,
    to,
    once,
    ...(level.isFirst && { persistent: `echo '${setting} = ${to}' | sudo tee -a /etc/sysctl.d/60-inotify.conf && sudo sysctl -p /etc/sysctl.d/60-inotify.conf` }),
    ...(resource === 'watches' && { memoryBytes: to * WATCH_BYTES, memoryBytesPinned: to * (WATCH_BYTES + INODE_BYTES) }),
  };
}

function inNamespace(level: Level, command: string, ownNamespace: string, inside: number | undefined): string {
  return level.userns === ownNamespace ? command : `sudo nsenter --user --target ${inside ?? 'PID'} -- ${command}`;
}

/** Where trying met a limit that is not seen. */
export function unseenLimit(resource: Resource): Remedy {
  return {
    text: `the limit that was met is not seen from here: that of a user namespace around this one (user.max_inotify_${resource} there), or of the host (fs.inotify.max_user_${resource}), used up by what runs outside: ask on the host`,
    command: 'sudo reloadctl inotify-limits',
    risk: 'none',
  };
}

export function raiseRemedies(raise: Raise | null, level: Level, ownNamespace: string): Remedy[] {
  if (!raise) return [{ text: `no setting allows so many: the kernel takes ${count(MOST_SETTABLE)} at most`, risk: 'none' }];
  const { setting, to, once, persistent, memoryBytes, memoryBytesPinned } = raise;
  const cost = memoryBytes === undefined ? '' : `, which costs up to ${bytes(memoryBytes)} of kernel memory when all are used (${bytes(memoryBytesPinned!)} with the inodes they pin)`;
  const where = level.isFirst ? ' on the host, also for what runs in a container' : level.userns === ownNamespace ? ' in this user namespace' : ' in that user namespace';
  return [
    { text: `raise ${setting} to ${count(to)}${where}${cost}; programs need no restart for it`, command: once, risk: level.isFirst ? 'host' : 'live' },
    ...(persistent === undefined ? [] : [{ text: 'for good, at the next boot too', command: persistent, risk: 'host' as const }]),
  ];
}
