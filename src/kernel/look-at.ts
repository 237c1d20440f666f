/** From a target as typed, live or on a tape, to a snapshot of it. */
import type { Evidence } from '../evidence/types.ts';
import type { CoverageLog } from './coverage.ts';
import { takeSnapshot } from './snapshot/take.ts';
import { type ResolvedTarget, resolveTarget } from './targets/index.ts';
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
  const target = context.tapeHeader ? onTape(spec, context.tapeHeader) : resolveTarget(context.evidence, spec!, { tree: options.tree, command });
  const { snapshot, coverage } = await takeSnapshot(context.evidence, target.pids, target.name, {
    allOwners: options.owners,
    everything: options.everything ?? false,
    rerun: context.rerun,
    isRoot: context.isRoot,
    signal: context.signal,
  });
  return { target, snapshot, coverage };
}

function onTape(spec: string | undefined, header: ResolvedTarget): ResolvedTarget {
  if (spec === undefined || spec === header.spec) return header;
  const pid = Number(spec);
  if (!header.pids.includes(pid)) {
    throw new UserError(`the tape holds ${header.spec} (${header.pids.join(', ')}), not ${spec}`, { hints: ['leave the target out to see what the tape holds'] });
  }
  return { spec, name: '', pids: [pid] };
}
