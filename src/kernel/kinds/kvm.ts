import { decodeText } from '../text.ts';
import { weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

const PREFIX = 'anon_inode:kvm-';

export interface KvmDetail {
  /** `vm`, `vcpu`, `vcpu-stats`, a device: what follows `kvm-`, without the number of the processor. */
  part: string;
  /** Number of the virtual processor. */
  vcpu?: number;
}

/** virt/kvm/kvm_main.c: a machine (`kvm-vm`), its processors (`kvm-vcpu:N`), its devices and statistics. */
export const kvm: Kind<KvmDetail> = {
  name: 'kvm',
  plural: 'virtual machine parts',
  matches: (link) => link.startsWith(PREFIX),
  decode: ({ link }) => {
    const match = /^(vcpu[a-z-]*):(\d+)$/.exec(link.slice(PREFIX.length));
    return match ? { part: match[1]!, vcpu: Number(match[2]) } : { part: decodeText(link.slice(PREFIX.length)).text };
  },
  // All share one inode: the processors of two machines are called alike.
  identity: weakIdentity,
  key: (fd) => `kvm-${fd.detail.part}`,
  attributes: (fd) => ({ vcpu: fd.detail.vcpu }),
  describe: ({ detail }) => `kvm-${detail.part}${detail.vcpu === undefined ? '' : ` ${detail.vcpu}`}`,
};
