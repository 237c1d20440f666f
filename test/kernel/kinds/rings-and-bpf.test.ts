/** Rings, notification groups and BPF. The texts are what Linux 6.18 printed, unless a test says otherwise. */
import { describe, expect, it } from 'vitest';
import { attributesOf, kindOf } from '../../../src/kernel/kinds/index.ts';
import type { Fd } from '../../../src/kernel/types.ts';
import { fdInfo } from '../../support/fake-process.ts';
import { makeFd } from '../../support/fds.ts';

const anonymous = (link: string, rest?: string, ino = '1038'): Fd =>
  makeFd(link, rest === undefined ? {} : { info: fdInfo({ ino, rest }) });
const key = (fd: Fd): string => kindOf(fd).key(fd);
const describeFd = (fd: Fd): string => kindOf(fd).describe(fd);

const RING = [
  'SqMask:\t0x7',
  'SqHead:\t4294967294',
  'SqTail:\t1',
  'CachedSqHead:\t0',
  'CqMask:\t0xf',
  'CqHead:\t3',
  'CqTail:\t8',
  'CachedCqTail:\t8',
  'SQEs:\t0',
  'CQEs:\t1',
  '    7: user_data:1, res:0, flags:0',
  'SqThread:\t-1',
  'SqThreadCpu:\t-1',
  'SqTotalTime:\t0',
  'SqWorkTime:\t0',
  'UserFiles:\t5',
  '    0: /tmp/f\\0400\\012',
  '    1: /tmp/f\\0401\\012',
  '    2: socket:[1289141]',
  'UserBufs:\t1',
  '    0: 0x7f0000/4096',
  'PollList:',
  '  op=6, task_works=0',
  '  op=6, task_works=1',
  'CqOverflowList:',
  '  user_data=1, res=0, flags=0',
  'NAPI:\tdisabled',
  '',
].join('\n');

describe('io_uring', () => {
  it('has fixed files that no table shows, and queues', () => {
    const fd = anonymous('anon_inode:[io_uring]', RING, '1289151');
    expect(fd.kind).toBe('io_uring');
    expect(fd.detail).toEqual({
      fixed: ['/tmp/f 0\n', '/tmp/f 1\n', 'socket:[1289141]'],
      slots: 5,
      submissions: 3,
      completions: 5,
      polls: 2,
    });
    expect(attributesOf(fd)).toMatchObject({ fixedFiles: 3, fixedSlots: 5, fixedNames: '/tmp/f 0\n, /tmp/f 1\n, socket:[1289141]' });
    expect(describeFd(fd)).toBe('io_uring with 3 fixed files, 2 polls, 5 completions unread');
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'io_uring:1289151', quality: 'weak' });
  });

  it('skips empty slots, which older kernels print', () => {
    expect(
      anonymous('anon_inode:[io_uring]', 'UserFiles:\t3\n    0: <none>\n    1: app.log\n    2: <none>\nUserBufs:\t0\n').detail,
    ).toMatchObject({ fixed: ['app.log'], slots: 3 });
  });

  it('names ten of many', () => {
    const slots = Array.from({ length: 12 }, (_, index) => `${String(index).padStart(5)}: /f${index}\n`);
    expect(attributesOf(anonymous('anon_inode:[io_uring]', `UserFiles:\t12\n${slots.join('')}UserBufs:\t0\n`)).fixedNames).toMatch(
      /^\/f0, .*\/f9 and 2 more$/,
    );
  });

  it('knows none from not told: a busy ring prints nothing, or only how many slots there are', () => {
    expect(anonymous('anon_inode:[io_uring]', 'UserFiles:\t0\nUserBufs:\t0\n').detail).toEqual({ fixed: [], slots: 0 });
    expect(anonymous('anon_inode:[io_uring]', 'UserFiles:\t4\nUserBufs:\t0\n').detail).toEqual({ slots: 4 });
    for (const fd of [anonymous('anon_inode:[io_uring]', ''), anonymous('anon_inode:[io_uring]')]) {
      expect(fd.detail).toEqual({});
      expect(describeFd(fd)).toBe('io_uring with an unknown number of fixed files, unknown polls, unknown completions unread');
    }
  });
});

describe('fanotify', () => {
  it('counts marks of every sort', () => {
    const rest = [
      'fanotify flags:1 event-flags:8000',
      'fanotify ino:3c4b9 sdev:fe00000 mflags:0 mask:20 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:b9c4030000000000',
      'fanotify mnt_id:16 mflags:0 mask:3b ignored_mask:0',
      'fanotify sdev:fe00000 mflags:0 mask:20 ignored_mask:0',
      '',
    ].join('\n');
    const fd = anonymous('anon_inode:[fanotify]', rest);
    expect([fd.kind, attributesOf(fd).marks, describeFd(fd)]).toEqual(['fanotify', 3, 'fanotify with 3 marks']);
    expect(attributesOf(anonymous('anon_inode:[fanotify]', 'fanotify flags:1 event-flags:8000\n')).marks).toBe(0);
    expect(describeFd(anonymous('anon_inode:[fanotify]'))).toBe('fanotify with an unknown number of marks');
  });
});

describe('userfaultfd', () => {
  it('tells of faults nobody reads', () => {
    const fd = anonymous('anon_inode:[userfaultfd]', 'pending:\t3\ntotal:\t5\nAPI:\taa:80000000:80000000000001ff\n');
    expect([fd.kind, attributesOf(fd).pendingFaults]).toEqual(['userfaultfd', 3]);
    expect(attributesOf(anonymous('anon_inode:[userfaultfd]', 'pending:\t-1\n')).pendingFaults).toBeUndefined();
  });
});

describe('BPF', () => {
  it('map', () => {
    const rest =
      'map_type:\t2\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t16\nmap_flags:\t0x0\nmemlock:\t440\nmap_id:\t25\nfrozen:\t0\n';
    const fd = anonymous('anon_inode:bpf-map', rest);
    expect(fd.kind).toBe('bpf-map');
    expect(attributesOf(fd)).toEqual({ bpfType: 'array', bpfId: 25, maxEntries: 16, memlockBytes: 440 });
    expect([key(fd), kindOf(fd).identity(fd).id]).toEqual(['bpf-map array', 'bpf-map:25']);
    expect(key(anonymous('anon_inode:bpf-map', 'map_type:\t99\n'))).toBe('bpf-map type 99');
    expect(key(anonymous('anon_inode:bpf-map'))).toBe('bpf-map of unknown type');
  });

  it('program', () => {
    const rest =
      'prog_type:\t8\nprog_jited:\t1\nprog_tag:\tb11459a0e11ca14c\nmemlock:\t4096\nprog_id:\t97\nrun_cnt:\t0\nverified_insns:\t2\n';
    const fd = anonymous('anon_inode:bpf-prog', rest);
    expect([fd.kind, key(fd), describeFd(fd)]).toEqual(['bpf-prog', 'bpf-prog cgroup_skb', 'BPF program 97: cgroup_skb']);
    expect(attributesOf(fd)).toEqual({ bpfType: 'cgroup_skb', bpfId: 97, memlockBytes: 4096 });
  });

  it('link', () => {
    const fd = anonymous(
      'anon_inode:bpf_link',
      'link_type:\tcgroup\nlink_id:\t89\nprog_tag:\tb11459a0e11ca14c\nprog_id:\t101\ncgroup_id:\t0\nattach_type:\t0\n',
    );
    expect([fd.kind, key(fd)]).toEqual(['bpf-link', 'bpf-link cgroup']);
    expect(attributesOf(fd)).toEqual({ bpfType: 'cgroup', bpfId: 89, programId: 101 });
  });
});
