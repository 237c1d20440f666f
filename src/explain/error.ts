/** `explain --error`: which limit an error text is about, and, of a process that is there, whether that limit is reached. */
import type { CommandContext, ReportOutcome } from '../command.ts';
import type { InotifyUsersEvent } from '../inotify/index.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { snapshotOf } from '../kernel/snapshot/empty.ts';
import { labelOf } from '../kernel/snapshot/label.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Block } from '../render/index.ts';
import { type Finding, runRules } from '../report/index.ts';
import { count, shellWord } from '../report/words.ts';
import { type Limit, type Reading, readError } from './error-texts.ts';
import { type Candidate, type Measured, measure, notMeasured } from './measure.ts';

export interface ErrorData {
  error: string;
  program: string | null;
  call: string | null;
  candidates: Candidate[];
  /** The one it is: the only one that the text can mean, or the only one that is reached. */
  decided: Limit | null;
}

const WORDS: Record<Limit, string> = {
  watches: 'inotify watches of the user',
  instances: 'inotify instances of the user',
  descriptors: 'descriptors of the process',
  'host-files': 'open files of the whole host',
  disk: 'space or inodes of a file system',
};
const DISK_COMMAND = 'df -h . && df -i .';
const PID_COMMAND = 'reloadctl explain --error TEXT --pid PID';
const FINDINGS: Partial<Record<Limit, string>> = { watches: 'inotify/watches', instances: 'inotify/instances', descriptors: 'fd/near-limit' };

export async function explainError(text: string, pid: number | undefined, context: CommandContext): Promise<ReportOutcome> {
  const reading = readError(text);
  if (!reading) {
    throw new UserError('this text is about no limit that is known here', {
      hints: ['known: "too many open files" (EMFILE, ENFILE) and "no space left on device" (ENOSPC), in the words of Go, Node, systemd, kubectl, tail, watchman, VS Code, inotifywait, .NET, Java, Python, Rust'],
    });
  }
  const coverage = new CoverageLog();
  const measured = pid === undefined ? undefined : await measure(reading.limits, pid, context, coverage);
  const candidates = measured?.candidates ?? notMeasured(reading.limits);
  const decided = decide(candidates);
  if (measured) noteUnknown(candidates, decided, context, coverage);
  else coverage.note({ source: 'what is used now', status: 'absent', detail: 'nothing was counted: no --pid', fix: reading.limits.every((limit) => limit === 'disk') ? DISK_COMMAND : PID_COMMAND, needed: decided === null });
  const data: ErrorData = { error: text, program: reading.program ?? null, call: reading.call ?? null, candidates, decided };
  const label = measured ? labelOf([measured.process], '', '') : undefined;
  return {
    kind: 'report',
    target: label === undefined ? null : { spec: String(pid), label, pids: [pid!] },
    findings: measured ? findingsOf(measured, reading, context) : [],
    coverage: coverage.list(),
    data,
    body: () => errorView(data, label, pid),
  };
}

/** What is reached now is what it was, when nothing else is. */
function decide(candidates: readonly Candidate[]): Limit | null {
  if (candidates.length === 1) return candidates[0]!.limit;
  const reached = candidates.filter(({ state }) => state === 'reached');
  return reached.length === 1 ? reached[0]!.limit : null;
}

function noteUnknown(candidates: readonly Candidate[], decided: Limit | null, { rerun, isRoot }: CommandContext, coverage: CoverageLog): void {
  for (const { limit, state } of candidates) {
    const needed = decided === null;
    // Which file system was meant, only the one who has the text knows.
    if (limit === 'disk') coverage.note({ source: WORDS[limit], status: 'absent', detail: 'which file system it was is not known: not measured', fix: DISK_COMMAND, needed });
    else if (state === 'unknown') coverage.note({ source: WORDS[limit], status: 'partial', detail: 'whether the limit is reached cannot be told', ...(!isRoot && { fix: `sudo ${rerun}` }), needed });
  }
}

/** Of the limits that the text can mean only. */
function findingsOf({ process, users }: Measured, { limits }: Reading, { rules, evidence }: CommandContext): Finding[] {
  const wanted = limits.map((limit) => FINDINGS[limit]);
  const numbers = (evidence.list(`/proc/${process.pid}/fd`).value ?? []).map(Number).sort((a, b) => a - b);
  const table = { process, fds: [], errno: 'not asked', ...(numbers.length > 0 && { numbers }) };
  const events: { type: string }[] = [snapshotOf(labelOf([process], '', ''), [table])];
  if (users) {
    const { asked, self } = users;
    const concerned = users.users.filter((user) => asked.levels.some(({ userns, uid }) => userns === user.userns && uid === user.uid));
    const event: InotifyUsersEvent = { type: 'inotify-users', users: concerned, ownNamespace: self.userns };
    events.push(event);
  }
  return runRules(rules, events).filter(({ id }) => wanted.includes(id));
}

function* errorView({ program, call, candidates, decided }: ErrorData, label: string | undefined, pid: number | undefined): Generator<Block> {
  const failed = call === null ? 'a limit was reached' : `${call} failed`;
  yield { type: 'paragraph', text: `${program === null ? failed : `${program} says so when ${failed}`}; the text can mean:` };
  yield {
    type: 'table',
    columns: [{ title: 'WHAT' }, { title: 'USED', align: 'right' }, { title: 'LIMIT', align: 'right' }, { title: 'NOW' }, { title: 'SET BY', flex: true }],
    rows: candidates.map(({ limit, used, max, state, setting }) => [
      WORDS[limit],
      used === null ? '-' : count(used),
      max === null ? '-' : count(max),
      state === 'reached' ? { text: state, tone: 'critical' } : state,
      setting ?? '-',
    ]),
  };
  yield { type: 'blank' };
  yield { type: 'paragraph', text: conclusion(candidates, decided, label), tone: 'strong' };
  if (candidates.some(({ limit }) => limit === 'disk')) yield { type: 'command', text: DISK_COMMAND, note: 'in the folder that was written to' };
  if (decided === 'disk') return;
  if (label === undefined) yield { type: 'command', text: PID_COMMAND, note: 'counts what that process and its user have' };
  else if (decided === 'descriptors') yield { type: 'command', text: `reloadctl fds ${shellWord(String(pid))}` };
  else if (decided === 'instances' || decided === 'watches') yield { type: 'command', text: 'reloadctl inotify-limits', note: 'who holds them' };
}

function conclusion(candidates: readonly Candidate[], decided: Limit | null, label: string | undefined): string {
  const reached = candidates.filter(({ state }) => state === 'reached');
  if (decided === 'disk') return `it is about the ${WORDS.disk}`;
  if (decided !== null && reached.length === 1) return `it is the limit of the ${WORDS[decided]}: reached now`;
  if (decided !== null && label === undefined) return `it is the limit of the ${WORDS[decided]}`;
  if (decided !== null) return `it was the limit of the ${WORDS[decided]}; ${candidates[0]!.state === 'not reached' ? 'it is not reached any more' : 'whether it still is cannot be told'}`;
  if (reached.length > 1) return 'more than one of these limits is reached: each must be raised';
  if (label === undefined) return 'which of them it is, only counting can tell';
  if (candidates.some(({ state }) => state === 'unknown' || state === 'not measured')) return 'which of them it is cannot be told from what may be looked at';
  return `none of them is reached by ${label} now: something was closed since`;
}
