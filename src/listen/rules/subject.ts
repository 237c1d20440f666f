/** What the findings of this wing have in common. */
import { processLabel } from '../../kernel/services.ts';
import { shapeOf } from '../../kernel/shape.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import type { Process } from '../../kernel/types.ts';
import type { Subject } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import type { ListenAddress } from '../model.ts';
import { whereOf } from '../names.ts';

/** Those who hold it, each once; one that is stopped comes first, since it is the reason. */
export function processesAt({ listeners }: ListenAddress): Process[] {
  const processes = new Map(listeners.flatMap(({ owners }) => owners.map(({ process }) => [process.pid, process] as const)));
  return [...processes.values()].sort((a, b) => Number(isStopped(b)) - Number(isStopped(a)) || a.pid - b.pid);
}

export function isStopped({ state }: Process): boolean {
  return state === 'T' || state === 't';
}

/** `nginx (pid 10) and 4 more`. */
export function holdersLabel(processes: readonly Process[]): string {
  const [first] = processes;
  if (!first) return 'a holder that is not seen';
  return `${processLabel(first)}${processes.length > 1 ? ` and ${count(processes.length - 1)} more` : ''}`;
}

export function listenerSubject(address: ListenAddress): Subject {
  const key = `${address.protocol} ${whereOf(address)}`;
  const [first] = processesAt(address);
  return first ? subjectOf('listener', key, first) : { kind: 'listener', key };
}

/** What of an address is the same tomorrow and on another host. */
export function structureOf({ protocol, path }: ListenAddress): string[] {
  return [protocol.replace(/6$/, ''), path === undefined ? '' : shapeOf(path)];
}
