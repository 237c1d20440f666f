/** The text of `--outbound` below the findings: ports by destination, then limits. */
import { endpoint } from '../../kernel/kinds/socket.ts';
import { programName } from '../../kernel/services.ts';
import type { Block, Cell } from '../../render/index.ts';
import { count, percent, plural } from '../../report/words.ts';
import { type HostLimit, NEAR, type OutboundLook, type PortUse } from './model.ts';

const SHOWN = 20;

const WORDS: Record<HostLimit['kind'], string> = {
  'open files': 'open files (fs.file-max)',
  tasks: 'processes and threads',
  conntrack: 'conntrack entries',
  orphans: 'TCP sockets without a holder',
  TIME_WAIT: 'sockets in TIME_WAIT',
};

export function* outboundBlocks({ pools, uses, limits, label }: OutboundLook, all: boolean): Generator<Block> {
  const shown = all ? uses : uses.slice(0, SHOWN);
  const [pool] = pools;
  if (pools.length === 1 && pool) {
    const less = [...(pool.reserved > 0 ? [`${count(pool.reserved)} reserved`] : []), ...(pool.bound > 0 ? [`${count(pool.bound)} bound`] : [])];
    yield { type: 'paragraph', text: `${label}: connect() has ${count(pool.size)} ports to each destination (${pool.first} to ${pool.last}${less.length > 0 ? `, less ${less.join(' and ')}` : ''})`, tone: 'strong' };
  } else if (pools.length > 1) yield { type: 'paragraph', text: `${label}: connections out of ${plural('network namespace', pools.length)}`, tone: 'strong' };
  if (uses.length === 0) yield { type: 'paragraph', text: pools.length > 0 ? 'no connection to anybody' : 'which ports are in use could not be told' };
  else {
    yield {
      type: 'table',
      columns: [{ title: 'FROM' }, { title: 'TO' }, ...(pools.length > 1 ? [{ title: 'NETNS' }] : []), { title: 'PORTS', align: 'right' }, { title: 'TIME_WAIT', align: 'right' }, { title: 'HELD BY', flex: true }],
      rows: shown.map((use): Cell[] => [use.source, endpoint(use.destination, use.port)!, ...(pools.length > 1 ? [use.netns || 'unknown'] : []), portsCell(use), timeWaitText(use), holdersText(use)]),
    };
    if (shown.length < uses.length) yield { type: 'paragraph', text: `and ${plural('destination', uses.length - shown.length)} more (--all)`, tone: 'dim' };
  }
  if (limits.length === 0) return;
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'LIMIT' }, { title: 'USED', align: 'right' }, { title: 'OF', align: 'right' }, { title: '' }, { title: 'WHERE', flex: true }],
    rows: limits.map(({ kind, of, used, limit, source }): Cell[] => [WORDS[kind], count(used), limit === null ? 'no limit' : count(limit), shareCell(used, limit), of ?? source]),
  };
}

function portsCell({ used, reusable, size }: PortUse): Cell {
  const text = `${count(used)} of ${count(size)}`;
  return used - reusable >= size ? { text, tone: 'critical' } : used - reusable >= NEAR * size ? { text, tone: 'warning' } : text;
}

function timeWaitText({ timeWait, reusable }: PortUse): string {
  return reusable > 0 ? `${count(timeWait)} (reusable)` : count(timeWait);
}

function holdersText({ holders, asked, used, timeWait }: PortUse): string {
  if (holders.length === 0) return used === timeWait ? '-' : asked === 0 ? 'not asked' : 'nobody we see';
  const [first, ...others] = holders;
  return `${programName(first!.process)}[${first!.process.pid}]${others.length > 0 ? ` and ${count(others.length)} more` : ''}`;
}

function shareCell(used: number, limit: number | null): Cell {
  if (limit === null || limit === 0) return '';
  const share = used / limit;
  return share >= 1 ? { text: percent(share), tone: 'critical' } : share >= NEAR ? { text: percent(share), tone: 'warning' } : percent(share);
}
