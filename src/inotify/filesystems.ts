/** What file systems tell inotify, by type. */

/** Disks and memory of this host: asking them for a path blocks on nobody else. */
const LOCAL = new Set([
  'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'tmpfs', 'ramfs', 'overlay', 'devtmpfs', 'squashfs', 'erofs', 'zfs', 'bcachefs', 'jfs',
  'reiserfs', 'vfat', 'exfat', 'ntfs3', 'iso9660', 'udf', 'rootfs', 'sysfs', 'cgroup', 'cgroup2', 'proc', 'hugetlbfs', 'configfs', 'devpts',
  'mqueue', 'minix', 'hfsplus', 'nilfs2', 'ubifs', 'jffs2', 'aufs', 'securityfs', 'tracefs', 'debugfs', 'bpf', 'fusectl', 'efivarfs', 'pstore',
]);

export function isLocal(fsType: string): boolean {
  return LOCAL.has(fsType);
}

/** Large trees that the kernel makes up while they are walked. */
const MADE_UP = new Set(['proc', 'debugfs', 'tracefs']);

/** May a search for inode numbers go there? */
export function isWalkable(fsType: string): boolean {
  return isLocal(fsType) && !MADE_UP.has(fsType);
}

/** Why changes do not reach a watch here. */
export interface Blindness {
  /** `nothing`: no change is ever told; `behind`: those made on this mount are told, those made behind it are not. */
  what: 'nothing' | 'behind';
  /** One sentence. */
  why: string;
}

const REMOTE = 'a change made by another host or by the server itself is not told: the kernel here does not know of it';

const BLIND: readonly (readonly [RegExp, Blindness])[] = [
  [/^proc$/, { what: 'nothing', why: 'the kernel makes these files when they are read and tells of no change' }],
  [/^(?:nfs4?|cifs|smb3?|smbfs|ceph|glusterfs|lustre|beegfs|afs|ncpfs|orangefs|gpfs)$/, { what: 'behind', why: REMOTE }],
  [/^(?:9p|virtiofs|vboxsf|vmhgfs|drvfs|prl_fs)$/, { what: 'behind', why: 'a change made on the host of this virtual machine is not told, and some of these tell of none at all' }],
  [/^fuse(?:\.|blk$|$)/, { what: 'behind', why: 'a change made behind the FUSE program is not told' }],
  [/^(?:ocfs2|gfs2)$/, { what: 'behind', why: 'a change made by another node of the cluster is not told' }],
];

/** Undefined where all changes are told. */
export function blindnessOf(fsType: string): Blindness | undefined {
  return BLIND.find(([pattern]) => pattern.test(fsType))?.[1];
}
