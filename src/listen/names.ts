/** How listeners and those who hold them are called in texts. */
import { endpoint } from '../kernel/kinds/socket.ts';
import { programName } from '../kernel/services.ts';
import { decodeText } from '../kernel/text.ts';
import { count, duration, plural } from '../report/words.ts';
import type { Generation, ListenAddress, ListenLook, Owner } from './model.ts';
import { TICKS_PER_SECOND } from './model.ts';

const MOST_PROGRAMS = 2;

/** `0.0.0.0:80`, `[::]:80`, a path, `@name`. */
export function whereOf({ protocol, address, port, path }: ListenAddress): string {
  return protocol === 'unix' ? decodeText(path ?? '(unnamed)').text : endpoint(address, port)!;
}

/** `nginx[10] and 4 more`, by program; what the kernel holds itself has no holder that could be seen. */
export function ownersText(owners: readonly Owner[]): string {
  const byName = new Map<string, Set<number>>();
  for (const { process } of owners) byName.set(programName(process), (byName.get(programName(process)) ?? new Set()).add(process.pid));
  if (byName.size === 0) return 'nobody we see';
  const programs = [...byName].map(([name, pids]) => {
    const [first] = [...pids].sort((a, b) => a - b);
    return `${name}[${first}]${pids.size > 1 ? ` and ${count(pids.size - 1)} more` : ''}`;
  });
  return programs.slice(0, MOST_PROGRAMS).join(', ') + (programs.length > MOST_PROGRAMS ? ` and ${plural('more program', programs.length - MOST_PROGRAMS)}` : '');
}

/** Indices of the generations that hold sockets of this address, oldest first. */
export function generationsAt({ listeners }: ListenAddress): number[] {
  const found = new Set(listeners.flatMap(({ owners }) => owners.flatMap(({ generation }) => (generation === undefined ? [] : [generation]))));
  return [...found].sort((a, b) => a - b);
}

/** `since 3 min`. */
export function sinceText({ startTicks }: Generation, { nowTicks }: Pick<ListenLook, 'nowTicks'>): string {
  return nowTicks === undefined || nowTicks < startTicks ? '' : `since ${duration(((nowTicks - startTicks) * 1000) / TICKS_PER_SECOND)}`;
}
