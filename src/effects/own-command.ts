/** The command that strace started, its child: known while it runs, and ended when strace was killed. */
import { readdirSync } from 'node:fs';
import { childrenOf } from './forward.ts';
import { parentOf, programOf, signalAll, startTimeOf, stateOf } from './procs.ts';

const LOOK_MS = 10;
/** So often what is left is looked for again: who forks meanwhile has children we did not see. */
const ROUNDS = 100;

export interface OwnCommand {
  /** Undefined until it was seen. */
  pid(): number | undefined;
  /**
   * To be called when strace has ended. Before version 6.6 it does not take its command with it, which goes on under a seccomp filter that nobody answers:
   * calls fail then (ENOSYS), and a script does who knows what.
   */
  endOrphan(): Promise<void>;
}

export function watchOwnCommand(tracer: number): OwnCommand {
  let found: { pid: number; startTime: string | undefined } | undefined;
  const finder = setInterval(() => {
    found ??= find(tracer);
    if (found) clearInterval(finder);
  }, LOOK_MS);
  return {
    pid: () => found?.pid,
    endOrphan: async () => {
      clearInterval(finder);
      if (!found || !isAlive(found.pid) || startTimeOf(found.pid) !== found.startTime) return;
      const { pid } = found;
      for (let round = 0, left = [pid]; left.length > 0 && round < ROUNDS; round++) {
        left = [...new Set([...left, ...left.flatMap(descendantsOf)])].filter(isAlive);
        signalAll(left, 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
  };
}

/** strace itself forks for a moment before it starts the command: that is not what is looked for. */
function find(tracer: number): { pid: number; startTime: string | undefined } | undefined {
  const own = programOf(tracer);
  const pid = childrenOf(tracer).find((child) => programOf(child) !== own && programOf(child) !== undefined);
  return pid === undefined ? undefined : { pid, startTime: startTimeOf(pid) };
}

function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  for (let next = children.get(root) ?? []; next.length > 0; next = next.flatMap((pid) => children.get(pid) ?? [])) found.push(...next);
  return found;
}
