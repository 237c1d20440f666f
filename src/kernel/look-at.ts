/** From a target as typed, live or on a tape, to a snapshot of it. */
import type { Evidence } from '../evidence/types.ts';
import { shellWord } from '../report/words.ts';
import type { CoverageLog } from './coverage.ts';
import { takeSnapshot } from './snapshot/take.ts';
import { type ResolvedTarget, resolveTarget, withDescendants } from './targets/index.ts';
import type { Snapshot } from './types.ts';
import { UserError } from './user-error.ts';

export interface TargetOptions {
  tree: boolean;
  owners: boolean;
  /** Ask whatever any later reader of a tape could ask. */
  everything?: boolean;
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
  const target = tapeHeader ? onTape(context.evidence, spec, options.tree, tapeHeader) : resolveTarget(context.evidence, spec!, { tree: options.tree, command });
  const { snapshot, coverage } = await takeSnapshot(context.evidence, target.pids, target.name, {
    allOwners: options.owners,
    everything: options.everything ?? false,
    // Whoever replays a tape may have any rights: what was denied was denied to the recording.
    rerun: tapeHeader ? `reloadctl record ${shellWord(tapeHeader.spec)} -o FILE` : context.rerun,
    isRoot: tapeHeader ? false : context.isRoot,
    signal: context.signal,
  });
  return { target, snapshot, coverage };
}

function onTape(evidence: Evidence, spec: string | undefined, tree: boolean, header: ResolvedTarget): ResolvedTarget {
  const target = spec === undefined || spec === header.spec ? header : pidOnTape(spec, header);
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
