/** Master, worker, or one of two generations: told by exec and fork alone. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { hasSignal, parseSignals, signalNumber } from '../kernel/proc/signals.ts';
import type { Process } from '../kernel/types.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import type { Standing } from './programs.ts';

const STDOUT = 1;
const DAEMON_OFF = /\bdaemon\s+off\b/;

/** @param pids of the generation, the process first @param cmdline text of /proc/PID/cmdline */
export function readStanding(evidence: Evidence, process: Process, pids: readonly number[], cmdline: ByteString): Standing {
  const masks = parseSignals(evidence.read(`/proc/${process.pid}/status`).value ?? '');
  const catchesUsr2 = masks !== null && hasSignal(masks.caught, signalNumber('USR2')!);
  const placed = placeOf(evidence, process.pid);
  const isSameProgram = (pid: number): boolean => {
    const other = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
    return other !== null && other.state !== 'Z' && other.comm === process.comm;
  };
  // Each exec places a program anew at random.
  const isFork = (pid: number): boolean => placed !== '' && placeOf(evidence, pid) === placed;
  const parent = process.ppid > 1 && isSameProgram(process.ppid) ? process.ppid : undefined;
  if (parent !== undefined && isFork(parent)) return { catchesUsr2, masterOf: parent };
  const foreground = parent === undefined ? foregroundOf(evidence, process, cmdline) : undefined;
  const below = pids.find((pid) => pid !== process.pid && isSameProgram(pid) && !isFork(pid));
  const upgrade = parent ?? below;
  return { catchesUsr2, ...(upgrade !== undefined && { upgrade }), ...(foreground && { foreground }) };
}

/**
 * No daemon, and its parent is the one that started it. Who becomes a daemon leads a session of its own, with stdout on /dev/null
 * (src/os/unix/ngx_daemon.c); what an upgrade started is none either, but has lost its parent by then.
 */
function foregroundOf(evidence: Evidence, { pid, ppid }: Process, cmdline: ByteString): Standing['foreground'] {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  const nsPids = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '')?.nsPids ?? [];
  // Process 1 has no parent that could end before it.
  if (nsPids.at(-1) === 1) return 'certain';
  if (!stat) return undefined;
  const above = parseStat(evidence.read(`/proc/${ppid}/stat`).value ?? '');
  // Session 0 is one that began outside of this namespace, or none at all: whoever became a daemon here is not in it. Only of
  // process 1, to which orphans are given, it does not say that it started this one.
  if (stat.session !== pid) return above?.session === stat.session && (stat.session !== 0 || ppid !== 1) ? 'certain' : undefined;
  const stdout = evidence.readlink(`/proc/${pid}/fd/${STDOUT}`).value;
  const saysSo = DAEMON_OFF.test(cmdline.replaceAll('\0', ' '));
  return saysSo || (stdout !== undefined && stdout !== '/dev/null') ? 'likely' : undefined;
}

function placeOf(evidence: Evidence, pid: number): string {
  return parseImage(evidence.read(`/proc/${pid}/stat`).value ?? '')?.placed ?? '';
}
