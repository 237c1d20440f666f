/** The kernel's own word, read plainly: what tests compare a truth (and reloadctl) with. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Descriptor numbers of a process, ascending. */
export function openFds(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .sort((a, b) => a - b);
}

/** readlink of a descriptor, each byte one character. */
export function linkOf(pid: number, fd: number): string {
  return readlinkSync(`/proc/${pid}/fd/${fd}`, 'latin1');
}

/** Of all descriptors that are open still when they are asked. */
export function links(pid: number): string[] {
  return openFds(pid).flatMap((fd) => {
    try {
      return linkOf(pid, fd);
    } catch {
      return [];
    }
  });
}

/** Text of fdinfo. */
export function infoOf(pid: number, fd: number): string {
  return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
}

/** Value of one `key:` line of fdinfo. */
export function infoValue(pid: number, fd: number, key: string): string | undefined {
  const line = infoOf(pid, fd)
    .split('\n')
    .find((one) => one.startsWith(`${key}:`));
  return line?.slice(key.length + 1).trim();
}

/** Whether exec closes it. */
export function isCloexec(pid: number, fd: number): boolean {
  return (Number.parseInt(infoValue(pid, fd, 'flags') ?? '0', 8) & 0o2000000) !== 0;
}

/** Value of a line of /proc/PID/status. */
export function statusValue(pid: number, key: string): string | undefined {
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
}

/** Pids of the children of a process's main thread. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
}

/** A process and all below it; those that ended meanwhile are left out. */
export function family(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(family)];
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    return lstatSync(`/proc/${pid}`).isDirectory() && !statusValue(pid, 'State')?.startsWith('Z');
  } catch {
    return false;
  }
}

export interface TcpRow {
  localPort: number;
  remotePort: number;
  /** Hexadecimal as the kernel prints it: 01 ESTABLISHED, 02 SYN_SENT, 07 CLOSE, 08 CLOSE_WAIT, 0A LISTEN. */
  state: string;
  receiveQueue: number;
  inode: string;
}

/** Rows of /proc/PID/net/tcp. */
export function tcpRows(pid: number): TcpRow[] {
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n').slice(1).filter(Boolean);
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/);
    const portOf = (address = ''): number => Number.parseInt(address.split(':')[1] ?? '', 16);
    return {
      localPort: portOf(fields[1]),
      remotePort: portOf(fields[2]),
      state: fields[3] ?? '',
      receiveQueue: Number.parseInt(fields[4]?.split(':')[1] ?? '', 16),
      inode: fields[9] ?? '',
    };
  });
}

/** The TCP row of each descriptor, undefined for one in no table. */
export function tcpRowsOf(pid: number, fds: number[]): (TcpRow | undefined)[] {
  const byInode = new Map(tcpRows(pid).map((row) => [row.inode, row]));
  return fds.map((fd) => byInode.get(/^socket:\[(\d+)\]$/.exec(linkOf(pid, fd))?.[1] ?? ''));
}

/** TcpExt ListenOverflows of the process's network namespace. */
export function listenOverflows(pid: number): number {
  const [names, values] = readFileSync(`/proc/${pid}/net/netstat`, 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('ListenOverflows') ?? -1]);
}
