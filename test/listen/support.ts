/** Looks at listeners out of plain values, and what the user reads of them. */
import { buildData } from '../../src/listen/data.ts';
import type { Connections, ListenAddress, ListenLook, Listener, Owner } from '../../src/listen/model.ts';
import { noConnections } from '../../src/listen/tables.ts';
import { viewOf } from '../../src/listen/view.ts';
import { makeTable } from '../support/fds.ts';
import { report, text } from '../render/support.ts';

export function owner(pid: number, generation?: number, more: { comm?: string; exe?: string; state?: string } = {}): Owner {
  const { process } = makeTable([], { pid, ...more });
  return { process, fd: 3, ...(generation !== undefined && { generation }) };
}

export function listener(inode: string, more: Partial<Listener> = {}): Listener {
  return { inode, queue: 0, backlog: 128, owners: [], ...more };
}

export function address(listeners: Listener[], more: Partial<Omit<ListenAddress, 'connections'>> & { connections?: Partial<Connections> } = {}): ListenAddress {
  const { connections, ...rest } = more;
  return { protocol: 'tcp', netns: '4026531833', address: '0.0.0.0', port: 8080, listeners, ...rest, connections: { ...noConnections(), ...connections } };
}

/** Generations are made of the owners: so many ticks old as `ages` says, at 1,000,000. */
export function look(addresses: ListenAddress[], more: Partial<ListenLook> & { ages?: number[] } = {}): ListenLook {
  const { ages = [], ...rest } = more;
  const owners = addresses.flatMap(({ listeners }) => listeners.flatMap((each) => each.owners));
  return {
    type: 'listen',
    label: 'this host',
    addresses,
    others: [],
    generations: ages.map((age, index) => ({ processes: owners.filter(({ generation }) => generation === index).map(({ process }) => process), startTicks: 1_000_000 - age })),
    namespaces: [{ id: '4026531833', pid: 42, own: true, somaxconn: 4096, diag: true }],
    watches: [],
    nowTicks: 1_000_000,
    ...rest,
  };
}

/** Below the findings, without the last part of the report, which holds times. */
export async function shown(seen: ListenLook, options: { all?: boolean; nearest?: ListenAddress[] } = {}): Promise<string> {
  const whole = await text(report(), [...viewOf(seen, { nearest: options.nearest, all: options.all ?? false })]);
  const bare = await text(report(), []);
  const head = bare.split('\n')[0]!;
  return whole.slice(head.length + 1).replace(bare.slice(head.length + 1), '');
}

export { buildData };
