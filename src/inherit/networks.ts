/** The sockets of the network namespaces that are looked at: read once, however many processes are in one. */
import type { Evidence } from '../evidence/types.ts';
import { type InetProtocol, scanInet } from '../kernel/proc/net-inet.ts';
import { scanUnix } from '../kernel/proc/net-unix.ts';
import type { SocketRow } from '../kernel/types.ts';

/** TCP_LISTEN of include/net/tcp_states.h. */
const LISTEN = 10;

export interface Network {
  /** Sockets in state LISTEN, unix ones too. */
  rows: SocketRow[];
  /** Why a table could not be read. */
  errno?: string;
  /** Inodes of its TCP and UDP sockets, in whatever state. Read at the first call: long tables are. */
  here(): ReadonlySet<string>;
}

/** One for each namespace; on tapes, where each process was asked for its own, and for what cannot tell its namespace, one for each process. */
export class Networks {
  readonly #known = new Map<string, Network>();
  readonly #isShared: boolean;

  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** As it is at the first question about it: what is looked up in it was listed before. */
  of(evidence: Evidence, pid: number): Network {
    const namespace = this.#isShared && evidence.origin === 'live' ? evidence.readlink(`/proc/${pid}/ns/net`).value : undefined;
    const name = namespace ?? `${evidence.origin} ${pid}`;
    let network = this.#known.get(name);
    if (!network) {
      let here: ReadonlySet<string> | undefined;
      network = { ...readListening(evidence, pid), here: () => (here ??= new Set(inodesOf(evidence, pid))) };
      this.#known.set(name, network);
    }
    return network;
  }
}

/** Sockets in state LISTEN of the network namespace of a process, unix ones too; and why a table could not be read. */
export function readListening(evidence: Evidence, pid: number): { rows: SocketRow[]; errno?: string } {
  const rows: SocketRow[] = [];
  let refused: string | undefined;
  const text = (name: string): string => {
    const { value, errno } = evidence.read(`/proc/${pid}/net/${name}`);
    // What has no file has no module loaded, and so no sockets.
    if (errno !== undefined && errno !== 'ENOENT') refused ??= errno;
    return value ?? '';
  };
  const told = evidence.network?.sockDiagOf(pid, 'tcp listeners').value;
  for (const { protocol, inode, local = '', v6Only } of told ?? []) {
    const colon = local.lastIndexOf(':');
    const address = local.slice(0, colon).replace(/^\[|\]$/g, '');
    rows.push({ protocol, inode, state: 'LISTEN', localAddress: address, localPort: Number(local.slice(colon + 1)), ...(v6Only !== undefined && { v6Only }) });
  }
  for (const protocol of told ? [] : (['tcp', 'tcp6'] as const)) {
    scanInet(text(protocol), protocol, (row) => rows.push(row), (_inode, state) => state === LISTEN);
  }
  scanUnix(text('unix'), (row) => void (row.state === 'LISTEN' && rows.push(row)));
  return { rows, ...(refused !== undefined && { errno: refused }) };
}

/** Connections, listeners, what is merely bound, and sockets of UDP. The text of 300 of these takes the kernel 10 ms. */
function inodesOf(evidence: Evidence, pid: number): string[] {
  const quick = (protocol: 'tcp' | 'udp'): string[] | undefined => evidence.network?.heldInodesOf?.(pid, protocol).value?.map(String);
  const tcp = quick('tcp') ?? evidence.network?.sockDiagOf(pid, 'tcp').value?.map(({ inode }) => inode);
  return [...(tcp ?? listedInodes(evidence, pid, ['tcp', 'tcp6'])), ...(quick('udp') ?? listedInodes(evidence, pid, ['udp', 'udp6']))];
}

function listedInodes(evidence: Evidence, pid: number, tables: readonly InetProtocol[]): string[] {
  const inodes: string[] = [];
  for (const table of tables) {
    const text = evidence.read(`/proc/${pid}/net/${table}`).value ?? '';
    // None of them is made a row of.
    scanInet(text, table, () => undefined, (inode) => inodes.push(inode) === 0);
  }
  return inodes;
}
