/** Uses of descriptors that no read shows: somebody waits on them, or has them mapped. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf, splitArgs, unnamed } from '../parse/args.ts';
import type { Description } from '../tables/description.ts';
import type { Thread } from '../tables/types.ts';
import type { Call, Context, Handler } from './call.ts';

const MOST_MAPPINGS = 10_000;
/** Sets of select: for reading, writing, exceptions. */
const SETS = [1, 2, 3];
const SHARED = /\bMAP_SHARED/;

/** Numbers that a call waits on together; of a call that has not returned, too. */
export function waitedOn(name: string, args: ByteString): number[] {
  if (name === 'poll' || name === 'ppoll') return [...args.matchAll(/\{fd=(\d+)/g)].map((match) => Number(match[1]));
  const parts = splitArgs(args).map(unnamed);
  return SETS.flatMap((set) => [...(parts[set] ?? '').matchAll(/(?:^\[| )(\d+)(?=[\] <])/g)].map((match) => Number(match[1])));
}

/** Whatever it answers: until then it waited. */
const wait: Handler = (context, thread, call) => useAll(context, thread, waitedOn(call.name, call.args));

function useAll(context: Context, thread: Thread, numbers: readonly number[]): void {
  for (const fd of numbers) {
    const slot = thread.table.slots.get(fd);
    if (slot) context.fds.use(slot, thread);
  }
}

/** Of these the first argument is what they wait on. */
const WAITS_ON_ONE = /^(?:accept4?|connect|p?read(?:v2?|64)?|p?write(?:v2?|64)?|recv(?:from|m?msg)?|send(?:to|m?msg|file(?:64)?)?|epoll_p?wait2?|flock|fcntl(?:64)?|ioctl|splice|fsync|fdatasync)$/;

/** What a call waits on that never returned. */
export function useOfPending(context: Context, thread: Thread, name: string, fd: number, args: ByteString): void {
  if (POLLS.includes(name)) useAll(context, thread, waitedOn(name, args));
  else if (WAITS_ON_ONE.test(name)) useAll(context, thread, [fd]);
}

/** Files that are mapped to be shared are read and written with no call at all. */
export class Mappings {
  private readonly known = new Map<string, Description>();

  private readonly addresses = new Set<number>();

  /** May something be mapped there, in any process? */
  mayBeAt(address: number): boolean {
    return this.addresses.has(address);
  }

  private readonly map: Handler = (context, thread, call) => {
    if (!call.ok || !SHARED.test(call.args)) return;
    const { fd, decoration } = fdOf(splitArgs(call.args).map(unnamed)[4] ?? '');
    const slot = fd >= 0 ? context.slot(thread, fd, decoration) : undefined;
    if (!slot) return;
    const { description } = slot;
    description.mapped++;
    description.isKept = true;
    if (this.known.size >= MOST_MAPPINGS) return;
    this.known.set(keyOf(thread, call.value), description);
    this.addresses.add(call.value);
  };

  private readonly unmap: Handler = ({ fds: { clock } }, thread, call) => {
    const key = keyOf(thread, addressOf(call));
    const description = call.ok ? this.known.get(key) : undefined;
    if (!description) return;
    description.mapped--;
    description.unmappedTick = clock.now;
    description.unmappedDoublings = clock.doublings;
    this.known.delete(key);
  };

  readonly handlers: Record<string, Handler> = { mmap: this.map, mmap2: this.map, munmap: this.unmap };
}

const keyOf = ({ pid }: Thread, address: number): string => `${pid} ${address}`;

function addressOf({ args }: Call): number {
  return Number(/0x[0-9a-f]+/.exec(args)?.[0] ?? NaN);
}

const POLLS = ['poll', 'ppoll', 'select', '_newselect', 'pselect6'];

export const waitHandlers: Record<string, Handler> = Object.fromEntries(POLLS.map((name) => [name, wait]));
