/** Trace events decoded by their formats: system calls entered and left, threads made and ended, programs started, signals. */
import type { ByteString } from '../../../evidence/types.ts';
import type { EventFormat, Field } from './formats.ts';
import { type Records, VALUES } from './records.ts';
import { readPage } from './ring.ts';

export type What = 'enter' | 'exit' | 'newtask' | 'exec' | 'end' | 'signal' | 'stack';

/** What an event tells. */
export interface Definition {
  what: What;
  /** System call. */
  name: string;
  /** Of `enter` the arguments; of `exit` what it returned; of the others what `OTHERS` says. */
  values: { offset: number; how: number }[];
  /** Offset of the word that tells where a text lies (__data_loc); -1 without. */
  textAt: number;
}

/** A number of 32 bits with a sign, one of 64 bits without, and with. */
const HOW = { int: 0, word: 1, long: 2 } as const;
/** Arguments that are numbers with a sign; all others are flags and addresses. */
const SIGNED = new Set(['fd', 'oldfd', 'newfd', 'dfd', 'epfd', 'ufd', 'pidfd', 'pid', 'sig', 'family', 'type', 'protocol', 'backlog', 'error_code', 'group_fd', 'cpu', 'mountdirfd', 'fs_fd', 'clockid']);
/** What is taken of other events. */
const OTHERS: Record<string, { what: What; fields: string[] }> = {
  task_newtask: { what: 'newtask', fields: ['pid', 'clone_flags'] },
  sched_process_exec: { what: 'exec', fields: ['pid', 'old_pid'] },
  sched_process_exit: { what: 'end', fields: [] },
  signal_deliver: { what: 'signal', fields: ['sig', 'sa_handler'] },
};
export const OTHER_EVENTS = ['task/task_newtask', 'sched/sched_process_exec', 'sched/sched_process_exit', 'signal/signal_deliver'];

/** kernel/trace/trace_entries.h user_stack: addresses of the code behind the event before it. */
export const STACK_EVENT = 'ftrace/user_stack';
/** FTRACE_STACK_ENTRIES. */
const MOST_FRAMES = 8;
/** Events of one processor between one and its stack: of whoever ran there meanwhile. */
const MOST_BETWEEN = 16;

const COMMON_PID = 4;
const MOST_IDS = 2 ** 16;
const TWO_32 = 2 ** 32;

export class Decoder {
  readonly definitions: Definition[] = [];
  /** By the number of an event in this kernel: one more than the index of its definition. */
  private readonly known = new Uint16Array(MOST_IDS);

  constructor(formats: readonly EventFormat[]) {
    for (const format of formats) {
      const definition = define(format);
      if (definition) this.known[format.id] = this.definitions.push(definition);
    }
  }

  /** Its events are added in their order. Returns whether some before them were lost. */
  page(page: Buffer, into: Records): boolean {
    return readPage(page, (ns, view, at, length) => {
      const index = this.known[view.getUint16(at, true)]! - 1;
      if (index < 0) return;
      const { what, values, textAt } = this.definitions[index]!;
      if (what === 'stack') {
        addStack(into, view, at, values[0]!.offset);
        return;
      }
      let to = into.add(ns, view.getInt32(at + COMMON_PID, true), index) * VALUES;
      for (let i = 0; i < values.length; i++) {
        const { offset, how } = values[i]!;
        into.values[to++] = how === HOW.int ? view.getInt32(at + offset, true) : view.getUint32(at + offset, true) + TWO_32 * (how === HOW.long ? view.getInt32(at + offset + 4, true) : view.getUint32(at + offset + 4, true));
      }
      if (textAt >= 0) into.texts.set(into.end - 1, textIn(page, view, at, textAt, length));
    });
  }
}

function define({ name, fields }: EventFormat): Definition | undefined {
  if (name === 'user_stack') return { what: 'stack', name: '', values: fields.filter((one) => one.name === 'caller').map(argument), textAt: -1 };
  const other = OTHERS[name];
  if (other) {
    const wanted = other.fields.flatMap((field) => fields.find((one) => one.name === field) ?? []);
    return { what: other.what, name: '', values: wanted.map(argument), textAt: fields.find((one) => one.name === 'filename')?.offset ?? -1 };
  }
  const [, side, call] = /^sys_(enter|exit)_(\w+)$/.exec(name) ?? [];
  if (side === undefined || call === undefined) return undefined;
  const values = fields.slice(0, VALUES).map(side === 'exit' ? ({ offset }) => ({ offset, how: HOW.long }) : (field) => argument(call === 'dup' ? { ...field, name: 'fd' } : field));
  return { what: side as 'enter' | 'exit', name: call, values, textAt: -1 };
}

const argument = ({ name, offset, size }: Field): { offset: number; how: number } => ({ offset, how: size === 4 || SIGNED.has(name) ? HOW.int : HOW.word });

/** To the event before it of the same thread. */
function addStack(into: Records, view: DataView, at: number, callers: number): void {
  const tid = view.getInt32(at + COMMON_PID, true);
  const first = Math.max(into.first, into.end - MOST_BETWEEN);
  let number = into.end - 1;
  while (number >= first && into.tid[into.place(number)] !== tid) number--;
  if (number < first) return;
  const addresses = new Float64Array(MOST_FRAMES);
  let frames = 0;
  for (; frames < MOST_FRAMES; frames++) {
    const from = at + callers + frames * 8;
    const address = view.getUint32(from, true) + TWO_32 * view.getUint32(from + 4, true);
    if (address === 0) break;
    addresses[frames] = address;
  }
  into.stacks.set(number, addresses.subarray(0, frames));
}

/** Offset within the record in the lower half, length in the upper one. */
function textIn(page: Buffer, view: DataView, at: number, textAt: number, length: number): ByteString {
  const word = view.getUint32(at + textAt, true);
  const from = word & 0xffff;
  const to = Math.min(from + (word >>> 16), length);
  return from >= to ? '' : page.toString('latin1', at + from, at + to).replace(/\0[\s\S]*$/, '');
}
