/** `fds --top`: all processes by share of their own limit, from two lock-free reads each, three of those told of, and without any privilege. */
import type { CommandContext, Outcome } from '../command.ts';
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { hidepidOption } from '../kernel/hidepid.ts';
import { countOpen, listPids, readProcess } from '../kernel/process.ts';
import { parseOpenFilesLimit } from '../kernel/proc/limits.ts';
import { refuseWithoutProc } from '../kernel/own-limits.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import { snapshotOf } from '../kernel/snapshot/empty.ts';
import { decodeText } from '../kernel/text.ts';
import type { FdTable, Snapshot } from '../kernel/types.ts';
import type { Block } from '../render/index.ts';
import { runRules } from '../report/index.ts';
import { count } from '../report/words.ts';
import { ratioOf, usedOf } from './data.ts';
import { countBelow } from './rules/limit-use.ts';
import { usedWords } from './view.ts';

/** What decides the order. */
export interface CountedProcess {
  pid: number;
  open: number | null;
  soft: number | null;
  hard: number | null;
  /** soft and hard could not be read; else null is unlimited. */
  limitUnknown?: true;
  ratio: number | null;
  /** Open numbers below the soft limit. Absent when all are, or when they were not listed: only those of a few candidates are. */
  belowLimit?: number;
}

export interface TopRow extends CountedProcess {
  comm: string;
  uid: number;
  /** Capacity of the table: its past peak, rounded up to a power of two. */
  fdSize: number;
}

const SHOWN = 20;
/** From here up the near-limit rule has something to say, and the process is read in full. */
const WORTH_A_LOOK = 0.8;
/** Candidates whose numbers are listed, as far as we may, and descriptors of all of them together: about 100 ms. */
const MOST_LISTED = 32;
const MOST_NUMBERS = 200_000;

/**
 * All processes of this host, or those a tape holds. Throws UserError (exit 3) without a readable /proc.
 * @param options.all shows every row in the text; `data` always has all
 */
export async function runTop(context: CommandContext, options: { all: boolean }): Promise<Outcome> {
  const { evidence } = context;
  const coverage = new CoverageLog();
  if (evidence.origin === 'live') refuseWithoutProc(evidence);
  const rows = countProcesses(evidence, coverage);
  const near = nearTheirLimit(evidence, rows);
  rows.sort(byUse);
  let told: TopRow[] | undefined;
  if (evidence.origin === 'tape') noteTape(evidence, rows, coverage);
  else noteHidden(context, coverage);
  return {
    kind: 'report',
    target: null,
    findings: runRules(context.rules, [near]),
    coverage: coverage.list(),
    // Half of what a process costs is its status, of which the order needs nothing: it is read for those that are told of.
    data: {
      get processes() {
        told ??= rows.flatMap((row) => describe(evidence, row));
        return told;
      },
    },
    body: () => topView(rows, options.all ? rows.length : SHOWN, (row) => describe(evidence, row)),
  };
}

/** Every process of this host (or tape), nearest to its limit first, by two lock-free reads each. */
export function countProcesses(evidence: Evidence, coverage: CoverageLog): CountedProcess[] {
  const rows: CountedProcess[] = [];
  let unknown = 0;
  const hasNone = whoHasNone(evidence);
  for (const pid of listPids(evidence)) {
    const limit = evidence.openFilesLimit?.(pid) ?? parseOpenFilesLimit(evidence.read(`/proc/${pid}/limits`).value ?? '');
    const open = countOpen(evidence, pid, () => hasNone(pid));
    // Gone meanwhile, here and below.
    if ((open === null || !limit) && evidence.read(`/proc/${pid}/stat`).value === undefined) continue;
    if (open === null) unknown++;
    const soft = limit?.soft ?? null;
    rows.push({ pid, open, soft, hard: limit?.hard ?? null, ...(!limit && { limitUnknown: true }), ratio: ratioOf(open, soft) });
  }
  coverage.note({
    source: 'descriptor counts',
    status: unknown === 0 ? 'ok' : 'partial',
    seen: rows.length - unknown,
    total: rows.length,
    needed: unknown > 0,
    ...(unknown > 0 && { detail: 'this kernel is older than 6.2 and counts need rights', fix: 'sudo reloadctl fds --top' }),
  });
  return rows.sort(byUse);
}

/** Zombies and kernel threads: those are children of pid 2, unless that is a process like any other, as in a container. */
function whoHasNone(evidence: Evidence): (pid: number) => boolean {
  const kthreadd = parseStat(evidence.read('/proc/2/stat').value ?? '')?.kernelThread ?? false;
  return (pid) => {
    const status = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '');
    return status !== null && (status.state === 'Z' || (kthreadd && (status.ppid === 2 || pid === 2)));
  };
}

/** None when it is gone meanwhile. */
function describe(evidence: Evidence, row: CountedProcess): TopRow[] {
  const status = parseStatus(evidence.read(`/proc/${row.pid}/status`).value ?? '');
  if (!status) return [];
  const { pid, ...counted } = row;
  return [{ pid, comm: decodeText(status.name).text, uid: status.uid, ...counted, fdSize: status.fdSize }];
}

function byUse(a: CountedProcess, b: CountedProcess): number {
  return (usedOf(b) ?? -1) - (usedOf(a) ?? -1) || (b.open ?? -1) - (a.open ?? -1) || a.pid - b.pid;
}

/** Which processes a tape holds beside its target is by chance: those that were near it. */
function noteTape(evidence: Evidence, rows: readonly CountedProcess[], coverage: CoverageLog): void {
  coverage.note({
    source: 'processes',
    status: rows.length > 0 ? 'partial' : 'absent',
    seen: rows.length,
    total: Math.max(rows.length, listPids(evidence).length),
    detail: 'a tape holds its target and some processes around it, not all of the host',
    fix: 'reloadctl fds --top on the host itself',
    needed: true,
  });
}

/** hidepid=1 and 2 hide other users' processes: what is not in the list cannot be missed there. */
function noteHidden({ evidence, isRoot, rerun }: CommandContext, coverage: CoverageLog): void {
  const option = hidepidOption(evidence);
  if (option === undefined || isRoot) return;
  coverage.note({ source: 'processes', status: 'partial', detail: `/proc is mounted with ${option}: processes of others are not seen`, fix: `sudo ${rerun}`, needed: true });
}

/** Only the processes that a rule could speak of, without their descriptors; of what counts against the limit the numbers alone. */
export function nearTheirLimit(evidence: Evidence, rows: readonly CountedProcess[]): Snapshot {
  const tables: FdTable[] = [];
  let left = MOST_NUMBERS;
  for (const row of rows) {
    if ((row.ratio ?? 0) < WORTH_A_LOOK) continue;
    const process = readProcess(evidence, row.pid);
    if (!process) continue;
    left -= row.open ?? 0;
    // Which of the lists of others a tape holds is by chance.
    const listed = left < 0 || tables.length >= MOST_LISTED || evidence.origin === 'tape' ? undefined : evidence.list(`/proc/${row.pid}/fd`).value;
    const numbers = listed?.map(Number).sort((a, b) => a - b);
    tables.push({ process, fds: [], errno: 'not asked', ...(numbers && { numbers }) });
    const below = numbers && countBelow(numbers, row.soft);
    if (below !== undefined && below !== row.open) row.belowLimit = below;
  }
  return snapshotOf('all processes', tables);
}

function* topView(all: readonly CountedProcess[], most: number, described: (row: CountedProcess) => TopRow[]): Generator<Block> {
  const shown: TopRow[] = [];
  for (const row of all) {
    if (shown.length >= most) break;
    if (row.open !== 0 || most >= all.length) shown.push(...described(row));
  }
  yield {
    type: 'table',
    columns: [
      { title: 'PID', align: 'right' },
      { title: 'OPEN', align: 'right' },
      { title: 'SOFT', align: 'right' },
      { title: 'USED', align: 'right' },
      { title: 'TABLE', align: 'right' },
      { title: 'COMMAND', flex: true },
    ],
    rows: shown.map((row) => [
      row.pid,
      row.open === null ? 'unknown' : count(row.open),
      row.soft === null ? (row.limitUnknown ? 'unknown' : 'unlimited') : count(row.soft),
      usedWords(row),
      count(row.fdSize),
      row.comm,
    ]),
  };
  const rest = all.length - shown.length;
  if (rest > 0) yield { type: 'paragraph', text: `and ${count(rest)} more processes (--all)`, tone: 'dim' };
  const [first] = shown;
  if (first?.open) yield { type: 'command', text: `reloadctl fds ${first.pid}`, note: 'what is open in the first one' };
}
