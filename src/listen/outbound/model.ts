/** What stands in the way of new connections to others, and of new files and processes. The event that the rules about it observe. */
import type { Process } from '../../kernel/types.ts';

/** The ports of one network namespace that the kernel chooses from at connect(). */
export interface PortPool {
  netns: string;
  /** Through whom the namespace was read. */
  pid: number;
  first: number;
  last: number;
  /** Of the range: taken out by ip_local_reserved_ports. */
  reserved: number;
  /** Of what is left: held by a bind(), which no connect() shares, whatever it is bound to. */
  bound: number;
  /** What may be had to one destination. */
  size: number;
}

/** Connections from one address to one address and port: each needs a local port of its own. */
export interface PortUse {
  netns: string;
  source: string;
  destination: string;
  port: number;
  /** Distinct local ports of the pool. */
  used: number;
  /** Of them those in TIME_WAIT. */
  timeWait: number;
  /** Of those the ones that a connect() may take over after a second (tcp_tw_reuse). */
  reusable: number;
  /** Of the pool. */
  size: number;
  /** Who holds them, by as many of their sockets as were looked for. */
  holders: { process: Process; sockets: number }[];
  /** How many were looked for. */
  asked: number;
}

/** How much of something of the host, of a namespace or of a cgroup is in use. */
export interface HostLimit {
  kind: 'open files' | 'tasks' | 'conntrack' | 'orphans' | 'TIME_WAIT';
  /** The cgroup or network namespace; absent: the host. */
  of?: string;
  used: number;
  /** null: none. */
  limit: number | null;
  source: string;
  /** Of a cgroup: how often a fork was refused by it so far. */
  refused?: number;
}

export interface OutboundLook {
  type: 'outbound';
  label: string;
  pools: PortPool[];
  /** Those with most ports in use first. */
  uses: PortUse[];
  limits: HostLimit[];
}

/** Ports that a connect() to there could still have. */
export function leftOf({ size, used, reusable }: Pick<PortUse, 'size' | 'used' | 'reusable'>): number {
  return Math.max(0, size - used + reusable);
}

/** From here on little is left. */
export const NEAR = 0.8;
