/** `fds --list --json` says of a static process what lsof and lsfd say. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import type { FdRow } from '../../src/fds/attributes.ts';
import { look } from '../cli/support/look.ts';
import { describeNeeds, findProgram, need } from './support/need.ts';
import { type FactoryTruth, type Running, startFactory } from './support/program.ts';

const run = promisify(execFile);

const REQUESTS = [
  'files=7', 'same-file=2', 'dir=2', 'opath=2', 'devnull=3', 'pty=2', 'fifo=2', 'pipe=3', 'tmpfile=2', 'deleted=3', 'deleted-linked=1',
  'replaced=2', 'really-named-deleted=2', 'nocloexec=2', 'memfd=3', 'eventfd=3', 'timerfd=2', 'signalfd=2', 'inotify=2', 'epoll=2',
  'pidfd-live=2', 'pidfd-dead=1', 'tcp-listen=3', 'established=4', 'close-wait=3', 'closed-both=2', 'never-connected=2', 'udp=2',
  'udp-connected=2', 'unix-listen=2', 'unix-abstract=1', 'socketpair=2', 'netlink=2', 'dup=3', 'high-fd=2',
];

/** How the others call our kinds. */
const CLASSES: Record<string, { lsof: RegExp; lsfd: RegExp }> = {
  file: { lsof: /^REG$/, lsfd: /^REG$/ },
  memfd: { lsof: /^REG$/, lsfd: /^REG$/ },
  directory: { lsof: /^DIR$/, lsfd: /^DIR$/ },
  device: { lsof: /^(CHR|BLK)$/, lsfd: /^(CHR|BLK)$/ },
  tty: { lsof: /^CHR$/, lsfd: /^CHR$/ },
  pipe: { lsof: /^FIFO$/, lsfd: /^FIFO$/ },
  socket: { lsof: /^(IPv4|IPv6|unix|netlink|pack|sock)$/, lsfd: /^SOCK$/ },
};
const ANONYMOUS = { lsof: /^(a_inode|unknown|REG)$/, lsfd: /^(UNKN|REG)$/ };

interface Other {
  fd: number;
  type: string;
  name: string;
  inode?: string;
  /** `r`, `w`, `rw`; empty for O_PATH. */
  access: string;
}

/** `lsof -F`: one field a line, its letter in front; `f` begins a descriptor. */
async function fromLsof(pid: number): Promise<Other[]> {
  const args = ['-nPw', '-a', '-p', String(pid), '-d', '0-1000000', '-F', 'fatin'];
  const { stdout } = await run(findProgram('lsof')!, args, { encoding: 'latin1' });
  const rows: Other[] = [];
  for (const line of stdout.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('f')) rows.push({ fd: Number(value), type: '', name: '', access: '' });
    const row = rows.at(-1);
    if (!row) continue;
    if (line.startsWith('t')) row.type = value;
    if (line.startsWith('n')) row.name = value;
    if (line.startsWith('i')) row.inode = value;
    if (line.startsWith('a')) row.access = value.trim().replace('u', 'rw');
  }
  return rows;
}

async function fromLsfd(pid: number): Promise<Other[]> {
  const { stdout } = await run(findProgram('lsfd')!, ['-p', String(pid), '-J', '-o', 'ASSOC,TYPE,NAME,INODE,MODE'], { maxBuffer: 1 << 26 });
  const { lsfd } = JSON.parse(stdout) as { lsfd: { assoc: string; type: string; name: string; inode: number; mode: string }[] };
  return lsfd
    .filter(({ assoc }) => /^\d+$/.test(assoc))
    .map(({ assoc, inode, mode, ...row }) => ({ ...row, fd: Number(assoc), inode: String(inode), access: mode.replace(/[-x]/g, '') }));
}

function tally(words: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** Our kinds as they are counted by the other tool: what it cannot tell apart is one. */
function classOf(row: FdRow): string {
  if (row.kind === 'memfd') return 'file';
  if (row.kind === 'tty') return 'device';
  return CLASSES[row.kind] ? row.kind : 'anonymous';
}

function classOfOther({ type }: Other, tool: 'lsof' | 'lsfd'): string {
  return Object.entries(CLASSES).find(([, names]) => names[tool].test(type))?.[0] ?? 'anonymous';
}

describeNeeds(['python3'], 'agreement', () => {
  let factory: Running<FactoryTruth>;
  let rows: FdRow[];

  beforeAll(async () => {
    factory = await startFactory(REQUESTS);
    rows = (await look([factory.pid, '--list'])).report.data.fds ?? [];
    expect(rows).toHaveLength(factory.truth.open);
  });

  function compare(others: Other[], tool: 'lsof' | 'lsfd'): void {
    expect(rows.map(({ fd }) => fd)).toEqual(others.map(({ fd }) => fd).sort((a, b) => a - b));
    expect(tally(rows.map(classOf))).toEqual(tally(others.map((other) => classOfOther(other, tool))));
    const byNumber = new Map(others.map((other) => [other.fd, other]));
    for (const row of rows) {
      const other = byNumber.get(row.fd)!;
      expect(other.type, `type of ${row.fd} ${row.target}`).toMatch((CLASSES[row.kind] ?? ANONYMOUS)[tool]);
      // Of an O_PATH descriptor lsof says what its link permits.
      const access = row.access === 'path' ? '' : row.access;
      if (access !== '' || tool === 'lsfd') expect(other.access, `access of ${row.fd} ${row.target}`).toBe(access);
      if (row.target.startsWith('/') && row.kind !== 'memfd') expect(other.name).toBe(row.target);
      if (row.kind === 'file') expect(other.inode).toBe(row.inode);
    }
  }

  it.skipIf(!need('lsof'))('with lsof: numbers, types, access, names, inodes, addresses', async () => {
    const others = await fromLsof(factory.pid);
    compare(others, 'lsof');
    const byNumber = new Map(others.map((other) => [other.fd, other]));
    const internet = rows.filter((row) => row.protocol === 'tcp' && row.state !== 'UNLISTED');
    expect(internet.length).toBe(3 + 4 + 3);
    for (const row of internet) {
      expect(byNumber.get(row.fd)?.name).toBe(row.state === 'LISTEN' ? row.local : `${row.local}->${row.remote}`);
    }
  });

  it.skipIf(!need('lsfd'))('with lsfd: numbers, types, access, names, inodes', async () => {
    const others = await fromLsfd(factory.pid);
    compare(others, 'lsfd');
    const byNumber = new Map(others.map((other) => [other.fd, other]));
    const numbered = rows.filter((row) => row.kind === 'socket' || row.target.startsWith('pipe:'));
    expect(numbered.map((row) => byNumber.get(row.fd)?.inode)).toEqual(numbered.map((row) => row.inode));
  });
});
