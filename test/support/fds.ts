/** Descriptors as the kernel layer makes them, from a link and what fdinfo and stat say. */
import type { FileStat, SocketProbe } from '../../src/evidence/types.ts';
import { type DecodeInput, recognise } from '../../src/kernel/kinds/index.ts';
import { parseFdInfo } from '../../src/kernel/proc/fdinfo.ts';
import type { Fd, FdTable, Process, Snapshot, SocketRow } from '../../src/kernel/types.ts';

export interface Making {
  pid?: number;
  fd?: number;
  /** The whole fdinfo text; absent: it could not be read. */
  info?: string;
  stat?: FileStat;
  errno?: string;
  /** What the socket tables say of its inode. */
  row?: Partial<SocketRow>;
  listening?: readonly number[];
  probe?: SocketProbe;
}

export function makeFd(link: string, { pid = 42, fd = 7, info: text, stat, errno, row, listening = [], probe }: Making = {}): Fd {
  const info = text === undefined ? undefined : parseFdInfo(text);
  if (info === null) throw new Error('the fdinfo text of the test is none');
  const input: DecodeInput = {
    link,
    ...(info && { info }),
    ...(stat && { stat }),
    socket: (inode) => row && { protocol: 'tcp', inode, state: 'ESTABLISHED', ...row },
    isListening: (port) => listening.includes(port),
  };
  const kind = recognise(input);
  const detail = kind.decode(input) as object | null;
  if (detail && probe) Object.assign(detail, { probe });
  return { pid, fd, kind: kind.name, link, ...(info && { info }), ...(stat && { stat }), ...(errno !== undefined && { errno }), detail };
}

export function makeProcess(changes: Partial<Process> = {}): Process {
  return {
    pid: 42,
    ppid: 1,
    startTime: '1000',
    comm: 'app',
    exe: '/usr/bin/app',
    state: 'S',
    kernelThread: false,
    uid: 1000,
    threads: 1,
    fdSize: 256,
    open: 3,
    limit: { soft: 1024, hard: 4096 },
    netns: '4026531833',
    ...changes,
  };
}

/** In the order of their numbers, as a table is. */
export function makeTable(fds: Fd[], changes: Partial<Process> = {}): FdTable {
  return { process: makeProcess({ open: fds.length, ...changes }), fds: fds.toSorted((a, b) => a.fd - b.fd) };
}

export function makeSnapshot(tables: FdTable[], changes: Partial<Snapshot> = {}): Snapshot {
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
    ...changes,
  };
}
