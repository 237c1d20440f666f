import type { Kind } from './kind.ts';

export interface NamespaceDetail {
  /** `net`, `mnt`, `pid`, ... */
  type: string;
  /** Names the namespace on this host, decimal. */
  inode: string;
}

const link = /^(cgroup|ipc|mnt|net|pid|pid_for_children|time|time_for_children|user|uts):\[(\d+)\]$/;

/** A namespace that is held open (fs/nsfs.c): it lives as long as the descriptor, also without a process in it. */
export const namespace: Kind<NamespaceDetail> = {
  name: 'namespace',
  plural: 'namespaces',
  matches: (text) => text.endsWith(']') && link.test(text),
  decode: (input) => {
    const [, type = '', inode = ''] = link.exec(input.link) ?? [];
    return { type, inode };
  },
  identity: (fd) => ({ id: `namespace:${fd.detail.type}:${fd.detail.inode}`, quality: 'weak' }),
  key: (fd) => `${fd.detail.type} namespace`,
  attributes: (fd) => ({ namespace: fd.detail.type, inode: fd.detail.inode }),
  describe: (fd) => `${fd.detail.type} namespace ${fd.detail.inode}`,
};
