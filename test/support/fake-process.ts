/** Whole processes for a fake world: the files of /proc that a look at one reads. */
import type { FileStat } from '../../src/evidence/types.ts';
import type { World } from './fake-evidence.ts';

/** One descriptor: its link, and the rest where it matters. */
export interface FakeFd {
  link: string;
  /** Octal, as the kernel prints it; `02000002` unless told. */
  flags?: string;
  ino?: string;
  /** Lines of the kind, each with its newline. */
  rest?: string;
  stat?: Partial<FileStat>;
}

export interface FakeProcess {
  pid: number;
  ppid?: number;
  comm?: string;
  exe?: string | null;
  state?: string;
  startTime?: string;
  kernelThread?: boolean;
  uid?: number;
  netns?: string;
  cgroup?: string;
  soft?: string;
  hard?: string;
  fdSize?: number;
  nsPids?: number[];
  threads?: number;
  environ?: Record<string, string>;
  /** By number. */
  fds?: Record<number, string | FakeFd>;
  /** st_size of fd/; the number of descriptors unless told, as since Linux 6.2. */
  size?: number;
}

export const NETNS = '4026531833';

export function statLine({ pid, ppid = 1, comm = 'app', state = 'S', startTime = '1000', kernelThread = false }: FakeProcess): string {
  const flags = kernelThread ? 0x00200040 : 0x00400000;
  return `${pid} (${comm}) ${state} ${ppid} ${pid} ${pid} 0 -1 ${flags} ${'0 '.repeat(12)}${startTime} 1000 100 0\n`;
}

function statusText({ pid, ppid = 1, comm = 'app', state = 'S', uid = 1000, fdSize = 256, nsPids, threads = 1 }: FakeProcess): string {
  const uids = `${uid}\t${uid}\t${uid}\t${uid}`;
  return [
    `Name:\t${comm}`,
    `State:\t${state} (x)`,
    `Tgid:\t${pid}`,
    `Pid:\t${pid}`,
    `PPid:\t${ppid}`,
    `Uid:\t${uids}`,
    `FDSize:\t${fdSize}`,
    `NSpid:\t${(nsPids ?? [pid]).join('\t')}`,
    `Threads:\t${threads}`,
    'SigCgt:\t0000000000000000',
    '',
  ].join('\n');
}

export function fdInfo({ flags = '02000002', ino = '77', rest = '' }: Partial<FakeFd>): string {
  return `pos:\t0\nflags:\t${flags}\nmnt_id:\t17\nino:\t${ino}\n${rest}`;
}

export function fileStat(changes: Partial<FileStat> = {}): FileStat {
  return { dev: '2049', ino: '77', mode: 0o100644, nlink: 1, size: 10, allocatedBytes: 4096, ...changes };
}

/** A world of these processes, to be added to. All maps are there. */
export function worldOf(...processes: FakeProcess[]): Required<Pick<World, 'files' | 'links' | 'lists' | 'sizes' | 'stats'>> & World {
  const world = { files: {}, links: {}, lists: {}, sizes: {}, stats: {} } as Required<
    Pick<World, 'files' | 'links' | 'lists' | 'sizes' | 'stats'>
  >;
  world.lists['/proc'] = ['self', 'sys', ...processes.map(({ pid }) => String(pid))];
  world.files['/proc/self/stat'] = statLine({ pid: 999_999 });
  world.links['/proc/self/ns/net'] = `net:[${NETNS}]`;
  world.sizes['/proc/self/fd'] = 20;
  for (const process of processes) addProcess(world, process);
  return world;
}

function addProcess({ files, links, lists, sizes, stats }: ReturnType<typeof worldOf>, process: FakeProcess): void {
  const {
    pid,
    soft = '1024',
    hard = '4096',
    cgroup = '0::/system.slice/app.service\n',
    netns = NETNS,
    exe = '/usr/bin/app',
    fds = {},
  } = process;
  const base = `/proc/${pid}`;
  files[`${base}/stat`] = statLine(process);
  files[`${base}/status`] = statusText(process);
  const titles = 'Limit                     Soft Limit           Hard Limit           Units     ';
  files[`${base}/limits`] = `${titles}\nMax open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     \n`;
  files[`${base}/cgroup`] = cgroup;
  files[`${base}/environ`] = Object.entries(process.environ ?? {})
    .map(([name, value]) => `${name}=${value}\0`)
    .join('');
  for (const protocol of ['tcp', 'tcp6', 'unix']) files[`${base}/net/${protocol}`] = 'header\n';
  if (exe !== null) links[`${base}/exe`] = exe;
  links[`${base}/ns/net`] = `net:[${netns}]`;
  lists[`${base}/fd`] = Object.keys(fds);
  sizes[`${base}/fd`] = process.size ?? Object.keys(fds).length;
  for (const [number, given] of Object.entries(fds)) {
    const fd = typeof given === 'string' ? { link: given } : given;
    links[`${base}/fd/${number}`] = fd.link;
    files[`${base}/fdinfo/${number}`] = fdInfo(fd);
    if (fd.link.startsWith('/')) stats[`${base}/fd/${number}`] = fileStat(fd.stat);
  }
}

/** A row of /proc/net/tcp for 127.0.0.1. State as the kernel numbers it: 1 established, 8 CLOSE_WAIT, 10 LISTEN. */
export function tcpRow(row: {
  inode: string;
  state: number;
  local: number;
  remote?: number;
  receiveQueue?: number;
  sendQueue?: number;
}): string {
  const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');
  const address = row.state === 10 ? '00000000' : '0100007F';
  const queues = `${hex(row.sendQueue ?? 0, 8)}:${hex(row.receiveQueue ?? 0, 8)}`;
  const ends = `0100007F:${hex(row.local, 4)} ${address}:${hex(row.remote ?? 0, 4)}`;
  return `   0: ${ends} ${hex(row.state, 2)} ${queues} 00:00000000 00000000  1000        0 ${row.inode} 1 0000000000000000 20 4 30 10 -1\n`;
}
