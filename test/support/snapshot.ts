/** Builds snapshots by hand, through the same kind registry that decodes real ones. */
import type { FileStat, SocketProbe } from '../../src/evidence/types.ts';
import { isKind, recognise, socket } from '../../src/kernel/kinds/index.ts';
import type { Fd, FdInfo, FdTable, Process, SecondLook, Snapshot, SocketRow } from '../../src/kernel/types.ts';

export const CLOEXEC = 0o2000000;
export const WRITE = 0o1;

export interface FdSpec {
  fd: number;
  link: string;
  flags?: number;
  pos?: string;
  ino?: string;
  rest?: string;
  stat?: Partial<FileStat>;
  row?: SocketRow;
  inbound?: boolean;
  probe?: SocketProbe;
}

export function processOf(overrides: Partial<Process> = {}): Process {
  const pid = overrides.pid ?? 42;
  return {
    pid,
    ppid: 1,
    startTime: String(1000 + pid),
    comm: 'app',
    exe: '/usr/bin/app',
    state: 'S',
    kernelThread: false,
    uid: 0,
    threads: 1,
    fdSize: 256,
    open: null,
    limit: { soft: 1024, hard: 4096 },
    netns: '1',
    ...overrides,
  };
}

export function tableOf(process: Partial<Process>, specs: readonly FdSpec[]): FdTable {
  const whole = processOf(process);
  return { process: whole, fds: specs.map((spec) => fdOf(whole.pid, spec)) };
}

export function fdOf(pid: number, spec: FdSpec): Fd {
  const { fd, link, row } = spec;
  const info: FdInfo = { pos: spec.pos ?? '0', flags: spec.flags ?? CLOEXEC, mntId: 20, rest: spec.rest ?? '', ...(spec.ino !== undefined && { ino: spec.ino }) };
  const stat: FileStat | undefined = spec.stat && { dev: '64512', ino: spec.ino ?? String(fd), mode: 0o100644, nlink: 1, size: 0, allocatedBytes: 0, ...spec.stat };
  const input = { link, info, ...(stat && { stat }), socket: () => row, isListening: () => spec.inbound ?? false };
  const kind = recognise(input);
  const decoded: Fd = { pid, fd, kind: kind.name, link, info, ...(stat && { stat }), detail: kind.decode(input) };
  if (spec.probe && isKind(decoded, socket)) decoded.detail.probe = spec.probe;
  return decoded;
}

export function snapshotOf(tables: FdTable[], overrides: Partial<Snapshot> = {}): Snapshot {
  return {
    type: 'snapshot',
    label: 'app (pid 42)',
    tables,
    sockets: new Map(),
    foreign: new Map(),
    relatives: [],
    probes: new Map(),
    epollTargets: new Map(),
    sameDescription: new Map(),
    intendedFds: new Map(),
    ...overrides,
  };
}

export function tcpRow(inode: string, state: string, overrides: Partial<SocketRow> = {}): SocketRow {
  return {
    protocol: 'tcp', inode, state, localAddress: '10.0.0.1', localPort: 40000, remoteAddress: '10.0.0.7', remotePort: 5432, receiveQueue: 0, sendQueue: 0,
    ...overrides,
  };
}

export function socketFd(fd: number, row: SocketRow, extra: Partial<FdSpec> = {}): FdSpec {
  return { fd, link: `socket:[${row.inode}]`, ino: row.inode, flags: CLOEXEC | 2, row, ...extra };
}

export function listenerRow(inode: string, port: number, overrides: Partial<SocketRow> = {}): SocketRow {
  return tcpRow(inode, 'LISTEN', { localAddress: '0.0.0.0', localPort: port, remoteAddress: '0.0.0.0', remotePort: 0, ...overrides });
}

export function fileFd(fd: number, path: string, extra: Partial<FdSpec> = {}): FdSpec {
  return { fd, link: path, ino: String(900 + fd), stat: {}, ...extra };
}

/** `targets`: number, decimal inode, events. */
export function epollFd(fd: number, targets: readonly [number, string, number?][], extra: Partial<FdSpec> = {}): FdSpec {
  const lines = targets.map(([number, ino, events = 0x19]) => {
    return `tfd: ${String(number).padStart(8)} events: ${events.toString(16).padStart(8)} data: 0  pos:0 ino:${BigInt(ino).toString(16)} sdev:9\n`;
  });
  return { fd, link: 'anon_inode:[eventpoll]', ino: '1044', rest: lines.join(''), ...extra };
}

/** The second look at the given rows. */
export function lookAgain(rows: readonly SocketRow[], overrides: Partial<SecondLook> = {}): SecondLook {
  return { afterMs: 1000, byInode: new Map(rows.map((row) => [row.inode, row])), pending: new Map(), ...overrides };
}

/** `count` values made from 0, 1, 2, ... */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
