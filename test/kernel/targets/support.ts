import { resolveTarget, type ResolvedTarget } from '../../../src/kernel/targets/index.ts';
import { UserError } from '../../../src/kernel/user-error.ts';
import { fakeEvidence, type World } from '../../support/fake-evidence.ts';

export function resolveIn(world: World, spec: string, tree = false): ResolvedTarget {
  return resolveTarget(fakeEvidence(world), spec, { tree, command: 'fds' });
}

/** What the user is told, with the exit code in front: `3 no such process: 7`, and the hints. */
export function refusalOf(world: World, spec: string): { message: string; hints: readonly string[] } {
  try {
    resolveIn(world, spec);
  } catch (error) {
    if (error instanceof UserError) return { message: `${error.exitCode} ${error.message}`, hints: error.hints };
    throw error;
  }
  throw new Error(`${spec} was found`);
}

/** /proc/self/mountinfo where processes of others are hidden. */
export const HIDEPID = '24 30 0:22 / /proc rw,nosuid - proc proc rw,hidepid=2\n';
