/** What is drained: an instance of the kernel's tracing, or two where calls that open are followed by their stacks. */
import { makeInstance, type TraceInstance } from '../../../effects/tracefs.ts';
import type { UndoList } from '../../../effects/undo-list.ts';
import { FD_CALLS, OPENING_CALLS } from '../calls.ts';
import { OTHER_EVENTS, STACK_EVENT } from './events.ts';
import { type EventFormat, parseFormat } from './formats.ts';

/** Memory of the kernel for all processors together, KiB. */
const MEMORY_KB = 64 * 1024;

export type Source = Pick<TraceInstance, 'follow' | 'start' | 'stop' | 'drain' | 'fullest' | 'lost' | 'remove'>;

export interface Opened {
  source: Source;
  formats: EventFormat[];
}

/** Throws what the kernel refuses; nothing is left of it then. */
export function openSource(root: string, stacks: boolean, undo: UndoList): Opened {
  const instance = makeInstance(root, { memoryKb: MEMORY_KB, stacks: false }, undo);
  if (!stacks) return { source: instance, formats: enableEvents(instance) };
  let beside: TraceInstance;
  try {
    // The option is of an instance: in one for all, each close would have a stack, too.
    beside = makeInstance(root, { memoryKb: MEMORY_KB, stacks: true }, undo);
  } catch (error) {
    instance.remove();
    throw error;
  }
  return { source: both(instance, beside), formats: [...enableEvents(instance, beside), ...formatOf(beside, STACK_EVENT)] };
}

const formatOf = (instance: TraceInstance, name: string): EventFormat[] => {
  const format = parseFormat(instance.format(name) ?? '');
  return format ? [format] : [];
};

/** The calls and events of this kernel that are recorded. @param stacks takes the ends of calls that opened something */
function enableEvents(instance: TraceInstance, stacks?: TraceInstance): EventFormat[] {
  const names = [...[...FD_CALLS, 'exit_group', 'exit'].flatMap((call) => [`syscalls/sys_enter_${call}`, ...(call.startsWith('exit') ? [] : [`syscalls/sys_exit_${call}`])]), ...OTHER_EVENTS];
  const opening = new Set(stacks ? OPENING_CALLS.map((call) => `syscalls/sys_exit_${call}`) : []);
  return names.flatMap((name) => {
    const format = formatOf(instance, name);
    if (format.length === 0) return [];
    if (opening.has(name)) {
      stacks?.enable(name, 'ret >= 0');
      instance.enable(name, 'ret < 0');
    } else instance.enable(name, name === 'syscalls/sys_exit_close' ? 'ret < 0' : undefined); // A close is told as it begins: only of one that failed its end has something to add.
    return format;
  });
}

/** Two as one: the processors of the second one come behind those of the first. */
function both(first: TraceInstance, second: TraceInstance): Source {
  return {
    follow: (tids) => {
      first.follow(tids);
      second.follow(tids);
    },
    // What ends a call is there before what begins it: a half whose beginning is not known tells what it made all the same.
    start: () => {
      second.start();
      first.start();
    },
    stop: () => {
      first.stop();
      second.stop();
    },
    drain: (take, most) => [
      ...first.drain(take, most),
      ...second.drain((page, processor) => take(page, first.processors + processor), most).map((processor) => first.processors + processor),
    ],
    fullest: () => Math.max(first.fullest(), second.fullest()),
    lost: () => first.lost() + second.lost(),
    remove: () => {
      first.remove();
      second.remove();
    },
  };
}
