/** `data.outbound` of the report: the part scripts read. Add keys, never change them. */
import { programName } from '../../kernel/services.ts';
import { type HostLimit, leftOf, type OutboundLook, type PortPool, type PortUse } from './model.ts';

export interface OutboundData {
  /** Ports that connect() chooses from, per network namespace. */
  pools: (Omit<PortPool, 'netns' | 'pid'> & { netns: string | null })[];
  /** From one address to one address and port; those with most local ports in use first. */
  destinations: (Omit<PortUse, 'netns' | 'holders'> & { netns: string | null; left: number; holders: { pid: number; comm: string; sockets: number }[] })[];
  limits: (Pick<HostLimit, 'kind' | 'used' | 'limit' | 'source'> & { of: string | null; refused: number | null })[];
}

export function buildOutbound({ pools, uses, limits }: OutboundLook): OutboundData {
  return {
    pools: pools.map(({ netns, pid: _pid, ...rest }) => ({ netns: netns || null, ...rest })),
    destinations: uses.map(({ netns, holders, ...use }) => ({
      ...use,
      netns: netns || null,
      left: leftOf(use),
      holders: holders.map(({ process, sockets }) => ({ pid: process.pid, comm: programName(process), sockets })),
    })),
    limits: limits.map(({ kind, of = null, used, limit, source, refused = null }) => ({ kind, of, used, limit, source, refused })),
  };
}
