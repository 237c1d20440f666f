/** Which file systems answer by themselves. */

/** Disks and memory of this host: asking them for a path blocks on nobody else. */
const LOCAL = new Set([
  'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'tmpfs', 'ramfs', 'overlay', 'devtmpfs', 'squashfs', 'erofs', 'zfs', 'bcachefs', 'jfs',
  'reiserfs', 'vfat', 'exfat', 'ntfs3', 'iso9660', 'udf', 'rootfs', 'sysfs', 'cgroup', 'cgroup2', 'proc', 'hugetlbfs', 'configfs', 'devpts',
  'mqueue', 'minix', 'hfsplus', 'nilfs2', 'ubifs', 'jffs2', 'aufs', 'securityfs', 'tracefs', 'debugfs', 'bpf', 'fusectl', 'efivarfs', 'pstore',
]);

export function isLocal(fsType: string): boolean {
  return LOCAL.has(fsType);
}
