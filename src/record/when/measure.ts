/** One sample of one process: a few small files that take no lock of it. */
import type { Evidence } from '../../evidence/types.ts';
import { countOpen, type Pinned } from '../../kernel/process.ts';
import { parseOpenFilesLimit } from '../../kernel/proc/limits.ts';
import { parseStat } from '../../kernel/proc/stat.ts';
import { parseStatus } from '../../kernel/proc/status.ts';
import type { Measure, Values } from './expression.ts';

export interface Sample extends Pinned {
  values: Values;
}

/** USER_HZ: what user space is told of times is in hundredths of a second on every machine that Linux runs on today. */
const TICKS_PER_S = 100;

/** Undefined for who is not there, or has ended and waits for its parent. */
export function sample(evidence: Evidence, pid: number, measures: ReadonlySet<Measure>): Sample | undefined {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
  const values: Values = {};
  const open = countOpen(evidence, pid, () => stat.kernelThread);
  if (open !== null) values.fds = open;
  if (measures.has('soft') || measures.has('hard')) {
    const limit = parseOpenFilesLimit(evidence.read(`/proc/${pid}/limits`).value ?? '');
    if (limit && limit.soft !== null) values.soft = limit.soft;
    if (limit && limit.hard !== null) values.hard = limit.hard;
  }
  if (measures.has('threads') || measures.has('rss')) {
    const text = evidence.read(`/proc/${pid}/status`).value ?? '';
    const threads = parseStatus(text)?.threads;
    // In kB, whatever the size of a page is (fs/proc/task_mmu.c task_mem).
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
    if (threads !== undefined) values.threads = threads;
    if (rss !== undefined) values.rss = Number(rss) * 1024;
  }
  if (measures.has('age')) {
    const uptime = Number.parseFloat(evidence.read('/proc/uptime').value ?? '');
    if (Number.isFinite(uptime)) values.age = uptime - Number(stat.startTime) / TICKS_PER_S;
  }
  return { pid, startTime: stat.startTime, values };
}
