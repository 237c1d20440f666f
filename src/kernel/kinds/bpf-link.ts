import { decodeText } from '../text.ts';
import { infoField, infoNumber, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface BpfLinkDetail {
  /** As the kernel names it: `cgroup`, `tracing`, `xdp`. */
  type?: string;
  id?: number;
  /** The program it keeps attached. */
  programId?: number;
}

/**
 * kernel/bpf/syscall.c bpf_link_show_fdinfo. What is attached to an interface or a cgroup asks under the lock of all interfaces
 * (rtnl) or all cgroups.
 */
export const bpfLink: Kind<BpfLinkDetail> = {
  name: 'bpf-link',
  plural: 'BPF links',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:bpf_link' || link === 'anon_inode:bpf-link',
  decode: ({ info }) => {
    const type = infoField(info, 'link_type');
    const id = infoNumber(info, 'link_id');
    const programId = infoNumber(info, 'prog_id');
    return { ...(type && { type: decodeText(type).text }), ...(id !== undefined && { id }), ...(programId !== undefined && { programId }) };
  },
  identity: (fd) => (fd.detail.id === undefined ? weakIdentity(fd) : { id: `bpf-link:${fd.detail.id}`, quality: 'weak' }),
  key: (fd) => `bpf-link ${fd.detail.type ?? 'of unknown type'}`,
  attributes: ({ detail }) => ({ bpfType: detail.type, bpfId: detail.id, programId: detail.programId }),
  describe: ({ detail }) => `BPF link ${detail.id ?? '?'}: ${detail.type ?? 'unknown type'}, program ${detail.programId ?? '?'}`,
};
