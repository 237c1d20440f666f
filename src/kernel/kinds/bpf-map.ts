import { infoNumber, weakIdentity } from './anon.ts';
import { mapTypes } from './bpf-names.ts';
import type { Kind } from './kind.ts';

export interface BpfMapDetail {
  /** `hash`, `ringbuf`, ...; `type N` for one without a name here. */
  type?: string;
  /** One map may be open through several descriptors, of several processes. */
  id?: number;
  maxEntries?: number;
  /** Kernel memory it takes, bytes. */
  memlockBytes?: number;
}

/** kernel/bpf/syscall.c bpf_map_show_fdinfo. */
export const bpfMap: Kind<BpfMapDetail> = {
  name: 'bpf-map',
  plural: 'BPF maps',
  matches: (link) => link === 'anon_inode:bpf-map',
  decode: ({ info }) => {
    const type = infoNumber(info, 'map_type');
    const id = infoNumber(info, 'map_id');
    const maxEntries = infoNumber(info, 'max_entries');
    const memlockBytes = infoNumber(info, 'memlock');
    return {
      ...(type !== undefined && { type: mapTypes[type] ?? `type ${type}` }),
      ...(id !== undefined && { id }),
      ...(maxEntries !== undefined && { maxEntries }),
      ...(memlockBytes !== undefined && { memlockBytes }),
    };
  },
  identity: (fd) => (fd.detail.id === undefined ? weakIdentity(fd) : { id: `bpf-map:${fd.detail.id}`, quality: 'weak' }),
  key: (fd) => `bpf-map ${fd.detail.type ?? 'of unknown type'}`,
  attributes: ({ detail }) => ({
    bpfType: detail.type,
    bpfId: detail.id,
    maxEntries: detail.maxEntries,
    memlockBytes: detail.memlockBytes,
  }),
  describe: ({ detail }) => `BPF map ${detail.id ?? '?'}: ${detail.type ?? 'unknown type'}, up to ${detail.maxEntries ?? '?'} entries`,
};
