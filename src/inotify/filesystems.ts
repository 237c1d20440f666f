/** What file systems tell inotify, by type. */
import { isLocal } from '../evidence/local-filesystems.ts';

/** Where only a child may look, which can be given up on: opening the mount itself asks nobody there, other than on NFS or 9p. */
export function isSearchedSlowly(fsType: string): boolean {
  return /^fuse(?:\.|blk$|$)/.test(fsType);
}

/** Large trees that the kernel makes up while they are walked. */
const MADE_UP = new Set(['proc', 'debugfs', 'tracefs']);

/** May a search for inode numbers go there? */
export function isWalkable(fsType: string): boolean {
  return isLocal(fsType) && !MADE_UP.has(fsType);
}

/** Why changes do not reach a watch here: those made on this mount by programs are told, those made behind it are not. */
export interface Blindness {
  /** One sentence. */
  why: string;
  /** All that is there is made by the kernel itself: what it changes is what anybody would watch for. */
  madeByKernel?: boolean;
}

const REMOTE = 'a change made by another host or by the server itself is not told: the kernel here does not know of it';

const BLIND: readonly (readonly [RegExp, Blindness])[] = [
  [/^proc$/, { madeByKernel: true, why: 'what the kernel itself changes is not told: it makes these files when they are read, and only what programs write to them is told' }],
  [/^(?:nfs4?|cifs|smb3?|smbfs|ceph|glusterfs|lustre|beegfs|afs|ncpfs|orangefs|gpfs)$/, { why: REMOTE }],
  [/^(?:9p|virtiofs|vboxsf|vmhgfs|drvfs|prl_fs)$/, { why: 'a change made on the host of this virtual machine is not told, and some of these tell of none at all' }],
  [/^fuse(?:\.|blk$|$)/, { why: 'a change made behind the FUSE program is not told' }],
  [/^(?:ocfs2|gfs2)$/, { why: 'a change made by another node of the cluster is not told' }],
];

/** Of file systems on which nothing can be tried, since nobody can make a directory there. */
export function knownOf(fsType: string): string | undefined {
  if (/^(?:sysfs|cgroup2?|configfs|debugfs|tracefs|securityfs|bpf|efivarfs|pstore|fusectl)$/.test(fsType)) {
    return 'what programs write is told; of what the kernel changes by itself only files that are made for it are (cgroup.events, memory.events)';
  }
  return blindnessOf(fsType)?.why;
}

/** Asked of thousands of watches, on a handful of types. */
const known = new Map<string, Blindness | undefined>();

/** Undefined where all changes are told. */
export function blindnessOf(fsType: string): Blindness | undefined {
  if (!known.has(fsType)) known.set(fsType, BLIND.find(([pattern]) => pattern.test(fsType))?.[1]);
  return known.get(fsType);
}
