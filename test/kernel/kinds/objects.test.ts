/** Kernel objects. The texts are what Linux 6.18 printed, unless a test says otherwise. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributesOf, kindOf } from '../../../src/kernel/kinds/index.ts';
import type { Fd } from '../../../src/kernel/types.ts';
import { fdInfo, fileStat } from '../../support/fake-process.ts';
import { makeFd } from '../../support/fds.ts';

const anonymous = (link: string, rest?: string, ino = '1038'): Fd =>
  makeFd(link, rest === undefined ? {} : { info: fdInfo({ ino, rest }) });
const key = (fd: Fd): string => kindOf(fd).key(fd);
const describeFd = (fd: Fd): string => kindOf(fd).describe(fd);

describe('kinds that have only a name', () => {
  it.each([
    ['anon_inode:[perf_event]', 'perf_event'],
    ['anon_inode:[landlock-ruleset]', 'landlock-ruleset'],
    ['anon_inode:[fscontext]', 'fscontext'],
    ['anon_inode:seccomp notify', 'seccomp-notify'],
  ])('%s is %s', (link, name) => {
    const fd = anonymous(link, '');
    expect([fd.kind, key(fd), describeFd(fd), attributesOf(fd)]).toEqual([name, name, name, {}]);
    expect(kindOf(fd).identity(fd)).toEqual({ id: name, quality: 'weak' });
  });
});

describe('kvm', () => {
  it('is a machine, its processors in one group, and its devices', () => {
    const all = ['kvm-vm', 'kvm-vcpu:0', 'kvm-vcpu:17', 'kvm-vcpu-stats:2', 'kvm-vfio'].map((name) => anonymous(`anon_inode:${name}`, ''));
    expect(all.map(({ kind }) => kind)).toEqual(Array(5).fill('kvm'));
    expect(all.map(key)).toEqual(['kvm-vm', 'kvm-vcpu', 'kvm-vcpu', 'kvm-vcpu-stats', 'kvm-vfio']);
    expect(all.map((fd) => attributesOf(fd).vcpu)).toEqual([undefined, 0, 17, 2, undefined]);
    expect(describeFd(all[2]!)).toBe('kvm-vcpu 17');
  });
});

describe('namespace', () => {
  it.each(['net', 'mnt', 'pid', 'ipc', 'uts', 'user', 'cgroup', 'time'])('%s', (type) => {
    const fd = makeFd(`${type}:[4026531833]`);
    expect([fd.kind, key(fd)]).toEqual(['namespace', `${type} namespace`]);
    expect(attributesOf(fd)).toEqual({ namespace: type, inode: '4026531833' });
    expect(kindOf(fd).identity(fd)).toEqual({ id: `namespace:${type}:4026531833`, quality: 'weak' });
  });

  it.each(['net:[]', 'net:[x]', 'nets:[1]', 'x net:[1]', 'net:[1]x'])('is not %s', (link) => expect(makeFd(link).kind).toBe('other'));
});

describe('mqueue', () => {
  const queue = fileStat({ mode: 0o100600, size: 80, allocatedBytes: 0 });

  it('is told by what the kernel makes it look like, wherever its file system is mounted', () => {
    expect(makeFd('/jobs', { stat: queue }).kind).toBe('mqueue');
    expect(makeFd('/dev/mqueue/jobs', { stat: queue }).kind).toBe('mqueue');
    expect(makeFd('/dev/mqueue/jobs').kind).toBe('mqueue');
    const gone = makeFd('/jobs-7 (deleted)', { stat: { ...queue, nlink: 0 } });
    expect([gone.kind, key(gone), attributesOf(gone).deleted]).toEqual(['mqueue', '/jobs-7 (deleted)', true]);
  });

  it('is no file that happens to be as long', () => {
    expect(makeFd('/notes', { stat: { ...queue, allocatedBytes: 4096 } }).kind).toBe('file');
    expect(makeFd('/notes', { stat: { ...queue, size: 79 } }).kind).toBe('file');
    expect(makeFd('/srv/notes', { stat: queue }).kind).toBe('file');
    expect(makeFd('/dev/shm/notes', { stat: queue }).kind).toBe('file');
    expect(makeFd('/notes').kind).toBe('file');
  });
});

describe('dma-buf', () => {
  // By drivers/dma-buf/dma-buf.c of Linux 6.1 and Documentation/filesystems/proc.rst: no machine of ours has one.
  const rest = 'size:\t32768\ncount:\t2\nexp_name:\tsystem-heap\nname:\tframe\n';

  it('has a size, references and an exporter', () => {
    const fd = makeFd('/dmabuf:frame', { info: fdInfo({ ino: '63107', rest }), stat: fileStat({ mode: 0o600, size: 32768 }) });
    expect([fd.kind, key(fd), describeFd(fd)]).toEqual([
      'dma-buf',
      'dmabuf from system-heap',
      'dmabuf frame of 32768 bytes from system-heap',
    ]);
    expect(attributesOf(fd)).toEqual({ name: 'frame', bytes: 32768, references: 2, exporter: 'system-heap' });
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'dma-buf:63107', quality: 'exact' });
  });

  it('may have no name and no fdinfo; a file of that name is a file', () => {
    expect(describeFd(makeFd('/dmabuf:'))).toBe('dmabuf (unnamed) of unknown bytes from an unknown driver');
    expect(makeFd('/dmabuf:x', { stat: fileStat() }).kind).toBe('file');
  });
});

describe('tun', () => {
  const tun = (rest: string): Fd => makeFd('/dev/net/tun', { info: fdInfo({ ino: '105', rest }), stat: fileStat({ mode: 0o020600 }) });

  it('names its interface', () => {
    expect([tun('iff:\trctl0\n').kind, attributesOf(tun('iff:\trctl0\n')), describeFd(tun('iff:\trctl0\n'))]).toEqual([
      'tun',
      { path: '/dev/net/tun', interface: 'rctl0' },
      'tun rctl0',
    ]);
  });

  it('may have none, and that is another group', () => {
    expect(key(tun('iff:\t\n'))).toBe('tun without an interface');
    expect(key(makeFd('/dev/net/tun'))).toBe('tun');
    expect(describeFd(makeFd('/dev/net/tun'))).toBe('tun of an unknown interface');
    expect(makeFd('/dev/net/tun', { stat: fileStat() }).kind).toBe('file');
  });
});

describe('tty', () => {
  const character = fileStat({ mode: 0o020620, ino: '3' });

  it('is the master of a slave', () => {
    const fd = makeFd('/dev/ptmx', { info: fdInfo({ ino: '91', rest: 'tty-index:\t12\n' }), stat: character });
    expect([fd.kind, describeFd(fd)]).toEqual(['tty', '/dev/ptmx, master of /dev/pts/12']);
    expect(attributesOf(fd)).toEqual({ path: '/dev/ptmx', ttyIndex: 12, slave: '/dev/pts/12' });
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'ptmx:17:12', quality: 'exact' });
    expect(makeFd('/srv/rootfs/dev/pts/ptmx', { info: fdInfo({ rest: 'tty-index:\t1\n' }), stat: character }).kind).toBe('tty');
  });

  it.each(['/dev/pts/0', '/dev/tty', '/dev/tty1', '/dev/ttyS0', '/dev/ttyUSB3', '/dev/console', '/dev/pts/ptmx'])('is %s', (link) => {
    expect(makeFd(link).kind).toBe('tty');
    expect(makeFd(link, { stat: character }).kind).toBe('tty');
    expect(makeFd(link, { stat: fileStat() }).kind).toBe('file');
  });

  it.each(['/dev/ttyS0/x', '/dev/ptmxs', '/dev/null', '/srv/dev/pts/0'])('is not %s', (link) => expect(makeFd(link).kind).not.toBe('tty'));
});

describe('any text of the kernel', () => {
  const links = [
    'anon_inode:[io_uring]',
    'anon_inode:[fanotify]',
    'anon_inode:[userfaultfd]',
    'anon_inode:bpf-map',
    'anon_inode:bpf-prog',
    'anon_inode:bpf_link',
    'anon_inode:kvm-vcpu:3',
    '/dmabuf:x',
    '/dev/net/tun',
    '/dev/ptmx',
    'socket:[7]',
  ];
  const names = [
    'UserFiles',
    'PollList',
    'SqHead',
    'SqTail',
    'fanotify flags',
    'fanotify ino',
    'pending',
    'map_type',
    'map_id',
    'link_type',
    'size',
    'exp_name',
    'iff',
    'tty-index',
    'scm_fds',
  ];
  const line = fc.oneof(
    fc
      .tuple(fc.constantFrom(...names), fc.oneof(fc.string(), fc.nat().map(String), fc.constant('9'.repeat(30))))
      .map(([name, value]) => `${name}:\t${value}`),
    fc.nat(99).map((slot) => `    ${slot}: /x\\04`),
    fc.constant('  op=1'),
    fc.string(),
  );

  it('is decoded to whole numbers or nothing, and never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom(...links), fc.array(line), (link, lines) => {
        const fd = anonymous(link, `${lines.join('\n')}\n`);
        for (const value of Object.values(attributesOf(fd)))
          if (typeof value === 'number') expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        expect(describeFd(fd)).not.toMatch(/undefined|NaN/);
        expect(key(fd)).not.toMatch(/undefined|NaN/);
      }),
      { numRuns: 1000 },
    );
  });
});
