/** `--list-processes`: the Go programs that run on this host. */
import type { CommandContext, Outcome } from '../command.ts';
import type { Evidence, MemoryQuestions } from '../evidence/types.ts';
import { listPids, readProcess } from '../kernel/process.ts';
import { decodeText } from '../kernel/text.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Block } from '../render/index.ts';
import type { Coverage } from '../report/index.ts';
import { duration, plural } from '../report/words.ts';
import { countGoroutines } from './memory/count.ts';
import type { KnownOthers } from './memory/go-files.ts';
import { openProcessMemory, Refused } from './memory/open.ts';
import { Unreadable } from './memory/unreadable.ts';
import { ageOf, uptimeMs } from './process-age.ts';
import { whyNoMemory } from './source/rights.ts';

export interface GoProcess {
  pid: number;
  comm: string;
  /** `go1.26.8`; null where it cannot be told. */
  goVersion: string | null;
  module: string | null;
  moduleVersion: string | null;
  /** ms since it was started. */
  ageMs: number | null;
  /** Those of the program, the runtime's own aside; null where they could not be read. */
  goroutines: number | null;
  /** Why they could not. */
  problem?: string;
}

/** Throws UserError on a tape, which holds no memory. */
export async function listProcesses({ evidence, signal }: CommandContext): Promise<Outcome> {
  const { memory } = evidence;
  if (!memory) throw new UserError('--list-processes reads memory, which is not on tapes', { exitCode: 3 });
  const processes: GoProcess[] = [];
  const refused: number[] = [];
  const pids = listPids(evidence);
  const files: KnownOthers = new Set();
  const upMs = uptimeMs(evidence);
  for (const pid of pids) {
    if (signal.aborted) break;
    const found = await lookAt(pid, evidence, memory, upMs, files);
    if (found === 'refused') refused.push(pid);
    else if (found) processes.push(found);
  }
  const coverage: Coverage[] = [
    {
      source: '/proc/*/exe', status: refused.length > 0 || signal.aborted ? 'partial' : 'ok', seen: pids.length - refused.length,
      // None was found among those that we may look at: that says nothing of the others.
      needed: processes.length === 0 && refused.length > 0,
      ...(refused.length > 0 && { total: pids.length, ...refusalOf(refused, evidence) }),
    },
  ];
  return { kind: 'report', target: null, findings: [], coverage, data: { processes }, body: () => blocks(processes) };
}

function refusalOf(refused: readonly number[], evidence: Evidence): { detail: string; fix: string } {
  const { why, fix } = whyNoMemory(evidence, refused[0]!);
  const example = refused.length === 1 ? `pid ${refused[0]}: ${why}` : `pid ${refused[0]} is one: ${why}`;
  return { detail: `${plural('process', refused.length, 'processes')} of others may be Go programs, too (${example})`, fix: fix.startsWith('sudo ') ? 'sudo reloadctl goroutines --list-processes' : fix };
}

/**
 * How many goroutines a process has, those of the runtime aside; undefined for what is no Go program, or may not be looked at, or
 * could not be read.
 * @param files what was found to be no Go before: keep it from one question to the next
 */
export async function countGoroutinesOf(evidence: Evidence, pid: number, files: KnownOthers): Promise<number | undefined> {
  const found = evidence.memory && (await lookAt(pid, evidence, evidence.memory, uptimeMs(evidence), files));
  return found && found !== 'refused' ? (found.goroutines ?? undefined) : undefined;
}

async function lookAt(pid: number, evidence: Evidence, memory: MemoryQuestions, upMs: number, files: KnownOthers): Promise<GoProcess | 'refused' | undefined> {
  const process = readProcess(evidence, pid);
  if (!process || process.kernelThread || process.state === 'Z') return undefined;
  const own = { pid, comm: decodeText(process.comm).text, goVersion: null, module: null, moduleVersion: null, ageMs: ageOf(process.startTime, upMs), goroutines: null };
  try {
    const opened = await openProcessMemory(evidence, memory, pid, { known: files });
    const { program, space, isThere } = opened;
    const { module = null, moduleVersion = null } = program.build;
    const known = { ...own, goVersion: program.version, module, moduleVersion };
    try {
      const goroutines = countGoroutines(program, space);
      return isThere() ? { ...known, goroutines } : { ...known, problem: 'ended, or ran its program anew, while it was read' };
    } catch (error) {
      if (error instanceof Unreadable) return { ...known, problem: error.message };
      throw error;
    } finally {
      opened.close();
    }
  } catch (error) {
    if (error instanceof Refused) return error.errno === 'ENOENT' || error.errno === 'ESRCH' ? undefined : 'refused';
    if (error instanceof Unreadable) return error.isGo ? { ...own, problem: error.message } : undefined;
    throw error;
  }
}

function* blocks(processes: readonly GoProcess[]): Generator<Block> {
  if (processes.length === 0) {
    yield { type: 'paragraph', text: 'no Go program runs here that we may look at' };
    return;
  }
  yield {
    type: 'table',
    columns: [{ title: 'PID', align: 'right' }, { title: 'NAME' }, { title: 'GO' }, { title: 'MODULE', flex: true, min: 16 }, { title: 'AGE', align: 'right' }, { title: 'GOROUTINES', align: 'right' }, { title: 'NOTE', flex: true, min: 8 }],
    rows: processes.map((one) => [
      String(one.pid), one.comm, one.goVersion ?? '-', [one.module, one.moduleVersion].filter((word) => word !== null).join(' ') || '-',
      one.ageMs === null ? '-' : duration(one.ageMs), one.goroutines === null ? '-' : String(one.goroutines), { text: one.problem === undefined ? '' : `it ${one.problem}`, tone: 'dim' },
    ]),
  };
}
