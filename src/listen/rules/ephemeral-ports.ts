import { processLabel } from '../../kernel/services.ts';
import { endpoint } from '../../kernel/kinds/socket.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, lastEventRule, type Remedy } from '../../report/index.ts';
import { count, percent, plural } from '../../report/words.ts';
import { leftOf, NEAR, type OutboundLook, type PortPool, type PortUse } from '../outbound/model.ts';

const ID = 'socket/ephemeral-ports';

/** From one address to one address and port there are only as many connections as there are local ports to choose from. */
export const ephemeralPorts = lastEventRule<OutboundLook>(ID, 'outbound', ({ uses, pools }) =>
  uses.filter((use) => use.used > 0 && use.used - use.reusable >= NEAR * use.size).map((use) => findingOf(use, pools.find(({ netns }) => netns === use.netns)!)));

function findingOf(use: PortUse, pool: PortPool): Finding {
  const { source, destination, port, used, timeWait, reusable, size, holders } = use;
  const left = leftOf(use);
  const to = `${source} to ${endpoint(destination, port)!}`;
  const [holder] = holders;
  const who = holder ? `: ${processLabel(holder.process)}${holders.length > 1 ? ` and ${count(holders.length - 1)} more` : ''}` : '';
  const none = left === 0;
  const sysctl = '/proc/sys/net/ipv4/ip_local_port_range of its network namespace';
  return {
    id: ID,
    severity: none ? 'critical' : 'warning',
    confidence: none ? 'certain' : 'likely',
    because: none ? 'every local port that connect() may choose from is taken to this destination' : 'each connection to one destination takes a local port of its own, and most are taken',
    title: none
      ? `no local port is left from ${to}: the next connect() fails with EADDRNOTAVAIL${who}`
      : `${percent(used / size)} of the local ports from ${to} are taken, ${plural('more connect', left)} will succeed${who}`,
    subject: holder ? subjectOf('destination', to, holder.process) : { kind: 'destination', key: to },
    evidence: [
      { name: 'local ports taken', value: used, limit: size, source: 'sock_diag tcp' },
      { name: 'of them in TIME_WAIT', value: timeWait, source: 'sock_diag tcp' },
      ...(timeWait > 0 ? [{ name: 'which a new connect() may take over', value: reusable, source: '/proc/sys/net/ipv4/tcp_tw_reuse' }] : []),
      { name: 'range', value: `${pool.first}-${pool.last}`, source: sysctl },
      ...(pool.reserved > 0 ? [{ name: 'reserved in it', value: pool.reserved, source: '/proc/sys/net/ipv4/ip_local_reserved_ports of its network namespace' }] : []),
      ...(pool.bound > 0 ? [{ name: 'bound in it', value: pool.bound, source: 'sock_diag tcp' }] : []),
      ...holders.slice(0, 3).map(({ process, sockets }) => ({ name: `held by pid ${process.pid}`, value: sockets, limit: use.asked, source: `/proc/${process.pid}/fd` })),
    ],
    remedy: remediesOf(use, pool),
    fingerprint: fingerprint(ID, 'tcp'),
  };
}

function remediesOf({ timeWait, used, reusable, holders }: PortUse, { first, last, pid }: PortPool): Remedy[] {
  const inNamespace = `nsenter -t ${pid} -n sysctl -w`;
  const waits = timeWait > used / 2;
  return [
    waits
      ? { text: 'most are closed connections in TIME_WAIT: keep connections open and use them again (keep-alive, a pool) instead of one for each request', risk: 'restart' }
      : { text: 'find whether they are a leak: how long they are idle, and who opens them', command: holders[0] ? `reloadctl fds ${holders[0].process.pid}` : 'ss -tanpi', risk: 'none' },
    ...(waits && reusable === 0 ? [{ text: 'let connect() take over what is in TIME_WAIT for over a second', command: `${inNamespace} net.ipv4.tcp_tw_reuse=1`, risk: 'host' as const }] : []),
    ...(first > 16_384 || last < 65_000 ? [{ text: 'a wider range, where nothing else listens in it', command: `${inNamespace} net.ipv4.ip_local_port_range="15000 65000"`, risk: 'host' as const }] : []),
    { text: 'for good: more destinations (addresses or ports) or source addresses: each pair has the whole range; with a bind() before connect(), IP_BIND_ADDRESS_NO_PORT', risk: 'restart' },
  ];
}
