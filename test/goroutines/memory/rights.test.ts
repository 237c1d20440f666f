import { expect, it } from 'vitest';
import type { Evidence } from '../../../src/evidence/types.ts';
import { whyNoMemory } from '../../../src/goroutines/source/rights.ts';

interface Host {
  ours: { uid: number; gid?: number; caps?: bigint };
  theirs: { uid: number; gid?: number; caps?: bigint };
  yama?: number;
}

const PTRACE = 1n << 19n;

function hostOf({ ours, theirs, yama }: Host): Evidence {
  const status = ({ uid, gid = 5, caps = 0n }: Host['ours']): string => {
    const mask = caps.toString(16).padStart(16, '0');
    return `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t${gid}\t${gid}\t${gid}\t${gid}\nCapPrm:\t${mask}\nCapEff:\t${mask}\n`;
  };
  const files: Record<string, string> = { '/proc/42/status': status(theirs), '/proc/self/status': status(ours), ...(yama !== undefined && { '/proc/sys/kernel/yama/ptrace_scope': `${yama}\n` }) };
  const read = (path: string) => (path in files ? { value: files[path]!, at: 0, source: path } : { errno: 'ENOENT', at: 0, source: path });
  return { read } as unknown as Evidence;
}

it.each<[string, Host, RegExp]>([
  ['another user', { ours: { uid: 1000 }, theirs: { uid: 33 } }, /runs as uid 33 and we as 1000/],
  ['another group', { ours: { uid: 1000, gid: 1000 }, theirs: { uid: 1000, gid: 33 } }, /runs as gid 33 and we as 1000: that takes its gid or CAP_SYS_PTRACE/],
  ['more capabilities than ours', { ours: { uid: 0, caps: 1n }, theirs: { uid: 0, caps: 3n } }, /--cap-add SYS_PTRACE/],
  ['Yama 1', { ours: { uid: 1000 }, theirs: { uid: 1000 }, yama: 1 }, /ptrace_scope=1\) lets only its parents/],
  ['Yama 2', { ours: { uid: 1000 }, theirs: { uid: 1000 }, yama: 2 }, /ptrace_scope=2/],
  ['Yama 3', { ours: { uid: 1000 }, theirs: { uid: 1000 }, yama: 3 }, /until the next boot/],
  ['not dumpable', { ours: { uid: 1000 }, theirs: { uid: 1000 }, yama: 0 }, /PR_SET_DUMPABLE/],
  ['another user namespace', { ours: { uid: 0, caps: PTRACE }, theirs: { uid: 0 } }, /user namespace/],
])('%s', (_, host, why) => {
  expect(whyNoMemory(hostOf(host), 42).why).toMatch(why);
});

it('root is not told to become root', () => {
  expect(whyNoMemory(hostOf({ ours: { uid: 0, gid: 0 }, theirs: { uid: 33, gid: 33 } }), 42).fix).toContain('--cap-add SYS_PTRACE');
  expect(whyNoMemory(hostOf({ ours: { uid: 0, caps: PTRACE }, theirs: { uid: 0 } }), 42).fix).not.toContain('sudo');
  expect(whyNoMemory(hostOf({ ours: { uid: 1000 }, theirs: { uid: 33 } }), 42).fix).toBe('sudo reloadctl goroutines 42');
});
