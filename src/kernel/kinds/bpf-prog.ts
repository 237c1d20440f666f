import { infoNumber, weakIdentity } from './anon.ts';
import { programTypes } from './bpf-names.ts';
import type { Kind } from './kind.ts';

export interface BpfProgDetail {
  /** `kprobe`, `cgroup_skb`, ...; `type N` for one without a name here. */
  type?: string;
  id?: number;
  memlockBytes?: number;
}

/** kernel/bpf/syscall.c bpf_prog_show_fdinfo. */
export const bpfProg: Kind<BpfProgDetail> = {
  name: 'bpf-prog',
  plural: 'BPF programs',
  matches: (link) => link === 'anon_inode:bpf-prog',
  decode: ({ info }) => {
    const type = infoNumber(info, 'prog_type');
    const id = infoNumber(info, 'prog_id');
    const memlockBytes = infoNumber(info, 'memlock');
    return {
      ...(type !== undefined && { type: programTypes[type] ?? `type ${type}` }),
      ...(id !== undefined && { id }),
      ...(memlockBytes !== undefined && { memlockBytes }),
    };
  },
  identity: (fd) => (fd.detail.id === undefined ? weakIdentity(fd) : { id: `bpf-prog:${fd.detail.id}`, quality: 'weak' }),
  key: (fd) => `bpf-prog ${fd.detail.type ?? 'of unknown type'}`,
  attributes: ({ detail }) => ({ bpfType: detail.type, bpfId: detail.id, memlockBytes: detail.memlockBytes }),
  describe: ({ detail }) => `BPF program ${detail.id ?? '?'}: ${detail.type ?? 'unknown type'}`,
};
