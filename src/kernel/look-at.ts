/** From a target as typed, live or on a tape, to a snapshot of it. */
import type { Evidence } from '../evidence/types.ts';
import { shellWord } from '../report/words.ts';
import type { CoverageLog } from './coverage.ts';
import { labelOf } from './snapshot/label.ts';
import { takeSnapshot } from './snapshot/take.ts';
import { type ResolvedTarget, resolveTarget, withDescendants } from './targets/index.ts';
import type { FdTable, Snapshot } from './types.ts';
import { UserError } from './user-error.ts';

export interface TargetOptions {
  tree: boolean;
  owners: boolean;
  /** Ask whatever any later reader of a tape could ask. */
  everything?: boolean;
  /** Flags and types of every descriptor of a large table too, not only of some. */
  details?: boolean;
  /** Of a large table: see SnapshotOptions. */
  packed?: boolean;
}

export interface LookContext {
  evidence: Evidence;
  tapeHeader?: ResolvedTarget;
  signal: AbortSignal;
  rerun: string;
  isRoot: boolean;
}

export interface LookedAt {
  target: ResolvedTarget;
  snapshot: Snapshot;
  coverage: CoverageLog;
}

/** Throws UserError for a target that is not there or ambiguous; a tape is about the target it was made of. */
export async function lookAt(spec: string | undefined, options: TargetOptions, context: LookContext, command: string): Promise<LookedAt> {
  const { tapeHeader } = context;
  const target = targetOf(spec, options.tree, context, command);
  // A tape is asked what it was asked when it was made: about all of its processes, whichever are meant now.
  const asked = tapeHeader ? [...new Set([...tapeHeader.pids, ...target.pids])] : target.pids;
  const { snapshot, coverage } = await takeSnapshot(context.evidence, asked, target.name, {
    allOwners: options.owners,
    everything: options.everything ?? false,
    // What a tape holds costs nothing; what is kept of a look of our own is asked as that was.
    details: (options.details ?? false) || context.evidence.origin === 'tape',
    packed: options.packed ?? false,
    // Whoever replays a tape may have any rights: what was denied was denied to the recording.
    rerun: tapeHeader ? `reloadctl record ${shellWord(tapeHeader.spec)} -o FILE` : context.rerun,
    isRoot: tapeHeader ? false : context.isRoot,
    signal: context.signal,
  });
  return { target, snapshot: narrowed(snapshot, target), coverage };
}

/** Throws UserError as lookAt. Without a tape there must be a spec. */
export function targetOf(spec: string | undefined, tree: boolean, { evidence, tapeHeader }: LookContext, command: string): ResolvedTarget {
  return tapeHeader ? onTape(evidence, spec, tree, tapeHeader) : resolveTarget(evidence, spec!, { tree, command });
}

/** The others of the tape are relatives then, which may hold other ends. */
function narrowed(snapshot: Snapshot, { name, pids }: ResolvedTarget): Snapshot {
  const isMeant = ({ process }: FdTable): boolean => pids.includes(process.pid);
  if (snapshot.tables.every(isMeant)) return snapshot;
  const tables = snapshot.tables.filter(isMeant);
  const label = labelOf(tables.map(({ process }) => process), name, `process ${pids.join(', ')}`);
  const others = snapshot.tables.filter((table) => !isMeant(table));
  const foreign = new Map([...snapshot.foreign].map(([link, holders]) => [link, [...holders]]));
  for (const { process, fds } of others) for (const { fd, link } of fds) foreign.set(link, [...(foreign.get(link) ?? []), { process, fd, link }]);
  return { ...snapshot, label, tables, foreign, relatives: [...snapshot.relatives, ...others] };
}

function onTape(evidence: Evidence, spec: string | undefined, tree: boolean, header: ResolvedTarget): ResolvedTarget {
  // A number means that one process, also when the recording began from it and took more.
  const isHeader = spec === undefined || (spec === header.spec && !/^\d+$/.test(spec));
  const target = isHeader ? header : pidOnTape(spec, header);
  return tree ? withDescendants(evidence, target) : target;
}

function pidOnTape(spec: string, header: ResolvedTarget): ResolvedTarget {
  const pid = Number(spec);
  if (!header.pids.includes(pid)) {
    const pids = header.pids.join(', ');
    const what = pids === header.spec ? `process ${pids}` : `${header.spec} (${header.pids.length > 1 ? 'processes' : 'process'} ${pids})`;
    throw new UserError(`the tape holds ${what}, not ${spec}`, { hints: ['leave the target out to see what the tape holds'] });
  }
  return { spec, name: '', pids: [pid] };
}
