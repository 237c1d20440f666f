/** `fds --top`: all processes by share of their own limit, from three lock-free reads each and without any privilege. */
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

export interface TopRow {
  pid: number;
  comm: string;
  uid: number;
  open: number | null;
  soft: number | null;
  hard: number | null;
  /** soft and hard could not be read; else null is unlimited. */
  limitUnknown?: true;
  ratio: number | null;
  /** Open numbers below the soft limit. Absent when all are, or when they were not listed: only those of a few candidates are. */
  belowLimit?: number;
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
  const rows = readRows(evidence, coverage);
  const near = nearTheirLimit(evidence, rows);
  rows.sort(byUse);
  if (evidence.origin === 'tape') noteTape(evidence, rows, coverage);
  else noteHidden(context, coverage);
  return {
    kind: 'report',
    target: null,
    findings: runRules(context.rules, [near]),
    coverage: coverage.list(),
    data: { processes: rows },
    body: () => topView(rows, options.all),
  };
}

function readRows(evidence: Evidence, coverage: CoverageLog): TopRow[] {
  const rows: TopRow[] = [];
  let unknown = 0;
  // Kernel threads are children of pid 2, unless that is a process like any other, as in a container.
  const kthreadd = parseStat(evidence.read('/proc/2/stat').value ?? '')?.kernelThread ?? false;
  for (const pid of listPids(evidence)) {
    const status = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '');
    // Gone meanwhile, here and below.
    if (!status) continue;
    const limit = parseOpenFilesLimit(evidence.read(`/proc/${pid}/limits`).value ?? '');
    const open = countOpen(evidence, pid, status.state === 'Z' || (kthreadd && (status.ppid === 2 || pid === 2)));
    if (open === null && evidence.read(`/proc/${pid}/stat`).value === undefined) continue;
    if (open === null) unknown++;
    const soft = limit?.soft ?? null;
    rows.push({
      pid,
      comm: decodeText(status.name).text,
      uid: status.uid,
      open,
      soft,
      hard: limit?.hard ?? null,
      ...(!limit && { limitUnknown: true }),
      ratio: ratioOf(open, soft),
      fdSize: status.fdSize,
    });
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

function byUse(a: TopRow, b: TopRow): number {
  return (usedOf(b) ?? -1) - (usedOf(a) ?? -1) || (b.open ?? -1) - (a.open ?? -1) || a.pid - b.pid;
}

/** Which processes a tape holds beside its target is by chance: those that were near it. */
function noteTape(evidence: Evidence, rows: readonly TopRow[], coverage: CoverageLog): void {
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
function nearTheirLimit(evidence: Evidence, rows: readonly TopRow[]): Snapshot {
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

function* topView(rows: readonly TopRow[], all: boolean): Generator<Block> {
  const shown = all ? rows : rows.filter((row) => row.open !== 0).slice(0, SHOWN);
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
  const rest = rows.length - shown.length;
  if (rest > 0) yield { type: 'paragraph', text: `and ${count(rest)} more processes (--all)`, tone: 'dim' };
  const [first] = rows;
  if (first?.open) yield { type: 'command', text: `reloadctl fds ${first.pid}`, note: 'what is open in the first one' };
}
