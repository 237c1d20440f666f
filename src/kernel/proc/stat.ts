/** /proc/PID/stat, kernel fs/proc/array.c do_task_stat. */
import type { ByteString } from '../../evidence/types.ts';
import { isDecimal, parseNumber } from './scan.ts';

/** Task flags, include/linux/sched.h: a kernel thread, a task on its way out. */
const PF_KTHREAD = 0x00200000;
const PF_EXITING = 0x00000004;

export interface ProcStat {
  pid: number;
  /** Thread name, raw: it may hold spaces, parentheses and newlines. */
  comm: ByteString;
  /** One letter: R S D Z T t X I. */
  state: string;
  ppid: number;
  /** Session: the pid of its leader; 0 where that is outside of the pid namespace. */
  session: number;
  /** PF_* bits. */
  flags: number;
  /** Clock ticks since boot, decimal. */
  startTime: string;
  kernelThread: boolean;
  /** It is past the point where descriptors are given up, though its parent may not know yet. */
  exiting: boolean;
}

/** Null when the text is cut before the end of the start time or is no stat line. */
export function parseStat(text: ByteString): ProcStat | null {
  const open = text.indexOf(' (');
  // A comm may hold ")", the numbers after it never do.
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open + 2) return null;
  const pid = parseNumber(text, 0, open);
  // Fields 3 to 23; the 23rd is asked for to know that the 22nd is whole.
  const fields = text.slice(close + 2).split(' ', 21);
  const [state, ppidText, , sessionText, , , flagsText] = fields;
  const startTime = fields[19];
  if (state === undefined || !/^[A-Za-z]$/.test(state) || fields.length < 21) return null;
  const ppid = parseNumber(ppidText ?? '');
  const flags = parseNumber(flagsText ?? '');
  const session = Math.max(0, parseNumber(sessionText ?? ''));
  if (pid < 0 || ppid < 0 || flags < 0 || startTime === undefined || !isDecimal(startTime)) return null;
  const comm = text.slice(open + 2, close);
  return { pid, comm, state, ppid, session, flags, startTime, kernelThread: (flags & PF_KTHREAD) !== 0, exiting: (flags & PF_EXITING) !== 0 };
}
