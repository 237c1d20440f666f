/** Asks everything a preflight wants to know of one process, from outside. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { readProcess, stillThere } from '../kernel/process.ts';
import { programName } from '../kernel/services.ts';
import { readBacklogs } from './backlogs.ts';
import { readBinary } from './binary.ts';
import { type AskGo, readDelivery } from './delivery.ts';
import { readLocks, readPidFiles } from './files.ts';
import type { PreflightLook } from './model.ts';
import { deafness, knownProgram } from './programs.ts';
import { readRoom } from './room.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import { signalName } from '../kernel/proc/signals.ts';
import { readSwap } from './swap.ts';
import { readStanding } from './standing.ts';

export interface PreflightOptions {
  /** Number of the signal that shall reload; absent: only the binary is looked at. */
  number?: number;
  pidFile?: string;
  /** The file that shall take the place of what runs, as the process sees it. */
  replace?: ByteString;
  askGo?: AskGo;
  /** Ask what any signal could need: for `record`. */
  everything?: boolean;
  signal: AbortSignal;
}

/** @param pids of the whole generation, the main process first. Null when the main process is gone or a zombie: the coverage says so. */
export async function collectPreflight(evidence: Evidence, pids: readonly number[], options: PreflightOptions): Promise<{ look: PreflightLook | null; coverage: CoverageLog }> {
  const coverage = new CoverageLog();
  const [main] = pids;
  const process = readProcess(evidence, main!);
  if (!process || process.state === 'Z' || process.kernelThread) {
    const detail = !process ? `process ${main} is gone` : process.kernelThread ? `process ${main} is a kernel thread` : `process ${main} is a zombie: it has ended`;
    coverage.note({ source: 'process', status: 'absent', detail, needed: true });
    return { look: null, coverage };
  }
  const program = knownProgram(process);
  const { number, askGo, pidFile, replace, everything = false, signal } = options;
  const delivery = number === undefined ? undefined : await readDelivery(evidence, process.pid, { number, everything, signal, ...(askGo && { askGo }) }, coverage);
  if (delivery?.isGo && delivery.caught && delivery.asked === undefined) {
    coverage.note({ source: 'handler', status: 'partial', detail: `the Go runtime catches every signal: whether this program asks for ${delivery.name} (signal.Notify) is not told`, needed: false });
  }
  const binary = await readBinary(evidence, process, program, coverage);
  const room = await readRoom(evidence, process, pids, coverage, signal);
  const nsPids = parseStatus(evidence.read(`/proc/${process.pid}/status`).value ?? '')?.nsPids ?? [];
  const sharesFiles = evidence.readlink(`/proc/${process.pid}/ns/mnt`).value === evidence.readlink('/proc/self/ns/mnt').value;
  const pidFiles = readPidFiles(evidence, { name: programName(process), pids: [process.pid, ...nsPids], sharesFiles, given: pidFile }, coverage);
  const swap = replace === undefined ? undefined : readSwap(evidence, process, binary, { file: replace, everything }, coverage);
  const locked = new Set([...(binary.found?.stat ? [binary.found.path] : []), ...(swap ? [swap.target, swap.found.path] : []), ...pidFiles.map(({ path }) => path)]);
  const locks = readLocks(evidence, process.pid, [...locked]);
  const backlogs = readBacklogs(evidence, pids, coverage);
  if (stillThere(evidence, process) !== 'same') coverage.note({ source: 'process', status: 'absent', detail: `process ${process.pid} ended while it was looked at`, needed: true });
  const cmdline = (await evidence.readSlow([`/proc/${process.pid}/cmdline`]))[0]?.value ?? '';
  const standing = delivery?.caught || everything ? readStanding(evidence, process, pids, cmdline) : undefined;
  const deaf = standing && delivery?.caught && delivery.asked !== false ? deafness(program, delivery.name, cmdline, standing) : undefined;
  const effect = number === undefined || deaf ? undefined : program?.signals[signalName(number)];
  const look: PreflightLook = { type: 'preflight', process, pids: [...pids], binary, room, pidFiles, locks, backlogs, ...(swap && { swap }), ...(program && { program }), ...(delivery && { delivery }), ...(effect && { effect }), ...(deaf && { deaf }) };
  return { look, coverage };
}
