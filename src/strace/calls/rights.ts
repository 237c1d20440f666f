/** Descriptors that go from one process to another with messages (SCM_RIGHTS). */
import type { ByteString } from '../../evidence/types.ts';
import { fdList, hasFlag, splitArgs, unnamed } from '../parse/args.ts';
import type { Description } from '../tables/description.ts';
import { kindOf } from '../tables/kind-of.ts';
import type { Thread } from '../tables/types.ts';
import type { Call, Context } from './call.ts';
import { receivePidfds } from './message-pidfd.ts';

/** Descriptors on their way that nobody has received: only so many messages. */
const MOST_IN_FLIGHT = 256;
export class Rights {
  private readonly inFlight: Description[][] = [];

  send(context: Context, thread: Thread, call: Call): void {
    if (!call.ok) return;
    for (const list of rightsIn(call.args)) {
      const sent = list.flatMap(({ fd, decoration }) => context.slot(thread, fd, decoration) ?? []);
      if (sent.length === 0) continue;
      for (const { description } of sent) description.isKept = true;
      this.inFlight.push(sent.map(({ description }) => description));
      if (this.inFlight.length > MOST_IN_FLIGHT) this.inFlight.shift();
      if (context.fds.onStep) for (const slot of sent) context.fds.step('pass', thread, slot, call.name);
    }
  }

  receive(context: Context, thread: Thread, call: Call): void {
    if (!call.ok) return;
    const flags = splitArgs(call.args).at(call.name === 'recvmmsg' ? 3 : -1) ?? '';
    const cloexec = hasFlag(unnamed(flags), 'MSG_CMSG_CLOEXEC', 0x40000000) || call.args.includes('MSG_CMSG_CLOEXEC');
    for (const list of rightsIn(call.args)) {
      const sent = this.takeSent(list.map(({ decoration }) => decoration));
      list.forEach(({ fd, decoration = '' }, index) => {
        const description = sent?.[index];
        context.fds.open(thread, fd, {
          kind: description?.kind ?? kindOf(decoration), target: decoration.startsWith('/') ? decoration : (description?.target ?? decoration),
          cloexec, call: call.name, siteWords: 'SCM_RIGHTS', how: 'received', isLowest: call.isWhole && index === 0, ...(description && { description }),
        });
      });
    }
    receivePidfds(context, thread, call);
  }

  /** The oldest message of as many descriptors whose names do not speak against it. */
  private takeSent(decorations: readonly (ByteString | undefined)[]): Description[] | undefined {
    const at = this.inFlight.findIndex((sent) => sent.length === decorations.length && sent.every(({ target }, index) => fits(target, decorations[index])));
    return at < 0 ? undefined : this.inFlight.splice(at, 1)[0];
  }
}

function fits(target: ByteString, decoration: ByteString | undefined): boolean {
  return decoration === undefined || !target.startsWith('/') || !decoration.startsWith('/') || target === decoration;
}

/** Descriptors of each SCM_RIGHTS message. */
function rightsIn(args: ByteString): ReturnType<typeof fdList>[] {
  const lists: ReturnType<typeof fdList>[] = [];
  for (let at = args.indexOf('cmsg_type='); at >= 0; at = args.indexOf('cmsg_type=', at + 10)) {
    if (!args.startsWith('SCM_RIGHTS', at + 10) && !args.startsWith('0x1 /* SCM_RIGHTS', at + 10) && !args.startsWith('0x1,', at + 10)) continue;
    // Another level has other types of the same number.
    const level = args.slice(args.lastIndexOf('cmsg_level=', at) + 11, at);
    if (!/^(?:SOL_SOCKET|0x1\b|1\b)/.test(level)) continue;
    const from = args.indexOf('cmsg_data=', at);
    const next = args.indexOf('cmsg_type=', at + 10);
    if (from < 0 || (next >= 0 && from > next)) continue;
    const list = fdList(args.slice(from + 10, endOfList(args, from + 10)));
    if (list.length > 0) lists.push(list);
  }
  return lists;
}

/** Behind the bracket that ends the list: decorations have brackets too. */
function endOfList(args: ByteString, from: number): number {
  let depth = 0;
  for (let i = from; i < args.length; i++) {
    const c = args.charCodeAt(i);
    if (c === 91) depth++;
    else if (c === 93 && --depth === 0) return i + 1;
  }
  return args.length;
}
