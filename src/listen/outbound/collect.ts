/** Which questions are put to the world for `listen --outbound`. */
import type { DiagSocket, Evidence, InetConnections } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { scanInet } from '../../kernel/proc/net-inet.ts';
import { parsePortList, parsePortRange } from '../../kernel/proc/port-range.ts';
import { readProcess } from '../../kernel/process.ts';
import type { Process } from '../../kernel/types.ts';
import type { NetworkNamespace } from '../model.ts';
import { type Asking, findHolders } from '../owners.ts';
import { partsOf } from '../tables.ts';
import { readLimits } from './limits.ts';
import type { OutboundLook } from './model.ts';
import { type Counted, countPorts, type PortRow, type PortRules } from './ports.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const RESERVED = '/proc/sys/net/ipv4/ip_local_reserved_ports';
const REUSE = '/proc/sys/net/ipv4/tcp_tw_reuse';
const TIMESTAMPS = '/proc/sys/net/ipv4/tcp_timestamps';
/** Of the destinations with most connections it is told who holds them, by so many of their sockets. */
const MOST_USES_ASKED = 5;
const MOST_SOCKETS_ASKED = 1000;

export interface OutboundOptions extends Asking {
  label: string;
  namespaces: readonly NetworkNamespace[];
  /** Of the target; absent: all. */
  pids?: readonly number[];
}

export async function collectOutbound(options: OutboundOptions, coverage: CoverageLog): Promise<OutboundLook> {
  const { evidence, namespaces, pids, label } = options;
  const counted = namespaces.flatMap((namespace) => {
    const rules = readRules(evidence, namespace, options, coverage);
    return rules ? [countPorts(readRows(evidence, namespace.pid), rules)] : [];
  });
  const uses = counted.flatMap((each) => each.uses).sort((a, b) => b.used - a.used);
  await addHolders(options, counted, coverage);
  return { type: 'outbound', label, pools: counted.map(({ pool }) => pool), uses, limits: readLimits(evidence, namespaces, pids, coverage) };
}

function readRules(evidence: Evidence, { id, pid, own }: NetworkNamespace, { isRoot, rerun }: Asking, coverage: CoverageLog): PortRules | undefined {
  const [range, reserved, reuse, timestamps] = evidence.network?.readAsNetOf(pid, [RANGE, RESERVED, REUSE, TIMESTAMPS]) ?? [];
  const known = parsePortRange(range?.value ?? '');
  const ports = parsePortList(reserved?.value ?? '');
  if (!known || !ports) {
    const errno = range?.errno ?? reserved?.errno ?? 'EBADMSG';
    const fix = statusOf(errno) === 'denied' ? { fix: isRoot ? 'needs CAP_SYS_ADMIN: run it on the host' : `sudo ${rerun}` } : {};
    coverage.note({ source: 'ports to connect from', status: statusOf(errno), detail: `${known ? RESERVED : RANGE}${own ? '' : ` of network namespace ${id || '(not known which)'}`}: ${errnoWords(errno)}`, ...fix, needed: true });
    return undefined;
  }
  coverage.note({ source: 'ports to connect from', status: 'ok', needed: true });
  // Without time stamps a late segment of the old connection could not be told from one of the new.
  const mode = timestamps?.value?.trim() === '0' ? '0' : (reuse?.value?.trim() ?? '0');
  return { netns: id, pid, range: known, reserved: ports, reuse: mode === '1' ? 'all' : mode === '2' ? 'loopback' : 'none' };
}

function readRows(evidence: Evidence, pid: number): PortRow[] {
  const quick = evidence.network?.connectionsOf?.(pid);
  if (quick?.value !== undefined) return fromConnections(quick.value);
  const told = quick ? undefined : evidence.network?.sockDiagOf(pid, 'tcp');
  if (told?.value) return told.value.map(fromDiag);
  const rows: PortRow[] = [];
  for (const protocol of ['tcp', 'tcp6'] as const) {
    let number = 0;
    scanInet(
      evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '',
      protocol,
      ({ inode, localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 }) => rows.push({ state: number, inode, local: localAddress, localPort, remote: remoteAddress, remotePort }),
      (_inode, state) => {
        number = state;
        return true;
      },
    );
  }
  return rows;
}

function fromConnections(sockets: InetConnections): PortRow[] {
  return Array.from({ length: sockets.count }, (_, index) => ({
    state: sockets.state(index),
    inode: String(sockets.inode(index)),
    local: sockets.localAddress(index),
    localPort: sockets.localPort(index),
    remote: sockets.remoteAddress(index),
    remotePort: sockets.remotePort(index),
  }));
}

function fromDiag({ state, inode, local = '', remote = '' }: DiagSocket): PortRow {
  const [address, localPort] = partsOf(local);
  const [remoteAddress, remotePort] = partsOf(remote);
  return { state, inode, local: address, localPort, remote: remoteAddress, remotePort };
}

/** Of the most used destinations; nobody holds what is in TIME_WAIT. */
async function addHolders(options: OutboundOptions, counted: readonly Counted[], coverage: CoverageLog): Promise<void> {
  const worst = counted.flatMap(({ uses, inodesOf }) => uses.map((use) => ({ use, inodes: inodesOf.get(use)!.slice(0, MOST_SOCKETS_ASKED) })))
    .sort((a, b) => b.use.used - a.use.used)
    .slice(0, MOST_USES_ASKED);
  const wanted = new Map(worst.flatMap(({ use, inodes }) => inodes.map((inode) => [inode, use] as const)));
  for (const { use, inodes } of worst) use.asked = inodes.length;
  if (wanted.size === 0) return;
  const found = await findHolders(options, [...wanted.keys()], coverage, 'holders of connections');
  const processes = new Map<number, Process | null>();
  for (const { pid, inode } of found) {
    // A tape may answer for other sockets.
    const use = wanted.get(inode);
    if (!use) continue;
    if (!processes.has(pid)) processes.set(pid, readProcess(options.evidence, pid));
    const process = processes.get(pid);
    if (!process) continue;
    const known = use.holders.find((holder) => holder.process === process);
    if (known) known.sockets++;
    else use.holders.push({ process, sockets: 1 });
  }
  for (const { use } of worst) use.holders.sort((a, b) => b.sockets - a.sockets || a.process.pid - b.process.pid);
}
