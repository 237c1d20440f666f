/** Why the kernel does not let us read a process's memory (kernel/ptrace.c __ptrace_may_access, security/yama/yama_lsm.c). */
import type { Evidence } from '../../evidence/types.ts';

const SYS_PTRACE = 1n << 19n;

/** The missing right in words, and what would give it. */
export function whyNoMemory(evidence: Evidence, pid: number): { why: string; fix: string } {
  const theirs = evidence.read(`/proc/${pid}/status`).value ?? '';
  const ours = evidence.read('/proc/self/status').value ?? '';
  const sudo = `sudo reloadctl goroutines ${pid}`;
  if ((maskOf(ours, 'CapEff') & SYS_PTRACE) !== 0n) return { why: 'it is in a user namespace that is not below ours, or a security module (SELinux, AppArmor) forbids it', fix: 'run it as root of the host, outside of any container' };
  // Root is asked for nothing that it has: what it lacks is the capability, as in a container.
  const more = effectiveOf(ours, 'Uid') === '0' ? 'run it where root has CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE)' : sudo;
  for (const kind of ['Uid', 'Gid'] as const) {
    const us = effectiveOf(ours, kind);
    const them = idsOf(theirs, kind).find((id) => id !== us);
    if (them !== undefined) return { why: `it runs as ${kind.toLowerCase()} ${them} and we as ${us}: that takes its ${kind.toLowerCase()} or CAP_SYS_PTRACE`, fix: more };
  }
  if ((maskOf(theirs, 'CapPrm') & ~maskOf(ours, 'CapEff')) !== 0n) return { why: 'it has capabilities that we do not have: that takes CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE)', fix: more };
  const yama = (evidence.read('/proc/sys/kernel/yama/ptrace_scope').value ?? '0').trim();
  if (yama === '1') return { why: 'Yama (kernel.yama.ptrace_scope=1) lets only its parents read it, or CAP_SYS_PTRACE', fix: more };
  if (yama === '2') return { why: 'Yama (kernel.yama.ptrace_scope=2) lets only CAP_SYS_PTRACE read it', fix: more };
  if (yama === '3') return { why: 'Yama (kernel.yama.ptrace_scope=3) lets nobody read it until the next boot', fix: 'ask its pprof endpoint' };
  return { why: 'it made itself unreadable (PR_SET_DUMPABLE, or a program with setuid or capabilities): that takes CAP_SYS_PTRACE', fix: more };
}

function maskOf(status: string, name: string): bigint {
  return BigInt(`0x${new RegExp(`^${name}:\\t([\\da-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
}

/** Real, effective and saved: all three must be ours. */
function idsOf(status: string, kind: 'Uid' | 'Gid'): string[] {
  return new RegExp(`^${kind}:\\t(.*)$`, 'm').exec(status)?.[1]?.split('\t').slice(0, 3) ?? [];
}

function effectiveOf(status: string, kind: 'Uid' | 'Gid'): string {
  return idsOf(status, kind)[1] ?? '';
}
