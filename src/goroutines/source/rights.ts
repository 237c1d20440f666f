/** Why the kernel does not let us read a process's memory (kernel/ptrace.c __ptrace_may_access, security/yama/yama_lsm.c). */
import type { Evidence } from '../../evidence/types.ts';

const SYS_PTRACE = 1n << 19n;

/** The missing right in words, and what would give it. */
export function whyNoMemory(evidence: Evidence, pid: number): { why: string; fix: string } {
  const theirs = evidence.read(`/proc/${pid}/status`).value ?? '';
  const ours = evidence.read('/proc/self/status').value ?? '';
  const sudo = `sudo reloadctl goroutines ${pid}`;
  if ((maskOf(ours, 'CapEff') & SYS_PTRACE) !== 0n) return { why: 'it is in a user namespace that is not below ours, or a security module (SELinux, AppArmor) forbids it', fix: sudo };
  const [us = '', them = ''] = [uidsOf(ours)[1], uidsOf(theirs).find((uid) => uid !== uidsOf(ours)[1])];
  if (them !== '') return { why: `it runs as uid ${them} and we as ${us}: that takes its uid or CAP_SYS_PTRACE`, fix: sudo };
  if ((maskOf(theirs, 'CapPrm') & ~maskOf(ours, 'CapEff')) !== 0n) return { why: 'it has capabilities that we do not have: that takes CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE)', fix: sudo };
  const yama = (evidence.read('/proc/sys/kernel/yama/ptrace_scope').value ?? '0').trim();
  if (yama === '1') return { why: 'Yama (kernel.yama.ptrace_scope=1) lets only its parents read it, or CAP_SYS_PTRACE', fix: sudo };
  if (yama === '2') return { why: 'Yama (kernel.yama.ptrace_scope=2) lets only CAP_SYS_PTRACE read it', fix: sudo };
  if (yama === '3') return { why: 'Yama (kernel.yama.ptrace_scope=3) lets nobody read it until the next boot', fix: 'ask its pprof endpoint' };
  return { why: 'it made itself unreadable (PR_SET_DUMPABLE, or a program with setuid or capabilities): that takes CAP_SYS_PTRACE', fix: sudo };
}

function maskOf(status: string, name: string): bigint {
  return BigInt(`0x${new RegExp(`^${name}:\\t([\\da-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
}

function uidsOf(status: string): string[] {
  return /^Uid:\t(.*)$/m.exec(status)?.[1]?.split('\t').slice(0, 3) ?? [];
}
