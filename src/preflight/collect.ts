/** Asks everything a preflight wants to know of one process, from outside. */
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { readProcess, stillThere } from '../kernel/process.ts';
import { programName } from '../kernel/services.ts';
import { readBinary } from './binary.ts';
import { readDelivery } from './delivery.ts';
import { readLocks, readPidFiles } from './files.ts';
import type { PreflightLook } from './model.ts';
import { knownProgram } from './programs.ts';
import { readRoom } from './room.ts';
import { signalName } from '../kernel/proc/signals.ts';

export interface PreflightOptions {
  /** Number of the signal that shall reload; absent: only the binary is looked at. */
  number?: number;
  pidFile?: string;
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
  const { number, pidFile, everything = false, signal } = options;
  const delivery = number === undefined ? undefined : await readDelivery(evidence, process.pid, { number, everything, signal }, coverage);
  if (delivery?.isGo && delivery.caught) {
    coverage.note({ source: 'handler', status: 'partial', detail: `the Go runtime catches every signal: whether this program asks for ${delivery.name} (signal.Notify) is not told`, needed: false });
  }
  const binary = await readBinary(evidence, process, program, coverage);
  const room = await readRoom(evidence, process, pids, coverage, signal);
  const pidFiles = readPidFiles(evidence, programName(process), pidFile);
  const locks = readLocks(evidence, process.pid, [...(binary.found?.stat ? [binary.found.path] : []), ...pidFiles.map(({ path }) => path)]);
  if (stillThere(evidence, process) !== 'same') coverage.note({ source: 'process', status: 'absent', detail: `process ${process.pid} ended while it was looked at`, needed: true });
  const effect = number === undefined ? undefined : program?.signals[signalName(number)];
  const look: PreflightLook = { type: 'preflight', process, pids: [...pids], binary, room, pidFiles, locks, ...(program && { program }), ...(delivery && { delivery }), ...(effect && { effect }) };
  return { look, coverage };
}
