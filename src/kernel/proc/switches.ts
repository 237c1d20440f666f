/** The part of /proc/PID/task/TID/status that tells whether a thread has run, kernel fs/proc/array.c task_context_switch_counts. */
import type { ByteString } from '../../evidence/types.ts';
import { parseStatus } from './status.ts';

export interface ThreadStatus {
  /** Raw. */
  name: ByteString;
  /** One letter: R S D Z T t X I. */
  state: string;
  /** Its number in its own pid namespace. */
  ownTid: number;
  /** Equal as long as it has not run: each time it is taken off the processor one of two counters goes up. */
  mark: string;
}

const SWITCHES = /\nvoluntary_ctxt_switches:\t(\d+)\nnonvoluntary_ctxt_switches:\t(\d+)\n/;

/** Null when the text is cut, or not one of a thread. */
export function parseThreadStatus(text: ByteString): ThreadStatus | null {
  const status = parseStatus(text);
  const [, voluntary, nonvoluntary] = SWITCHES.exec(text) ?? [];
  const tid = Number(/\nPid:\t(\d+)\n/.exec(text)?.[1] ?? Number.NaN);
  if (!status || nonvoluntary === undefined || Number.isNaN(tid)) return null;
  return { name: status.name, state: status.state, ownTid: status.nsPids.at(-1) ?? tid, mark: `${voluntary} ${nonvoluntary}` };
}
