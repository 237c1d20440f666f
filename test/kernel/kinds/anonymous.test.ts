import { describe, expect, it } from 'vitest';
import { attributesOf, kindOf } from '../../../src/kernel/kinds/index.ts';
import { fdInfo } from '../../support/fake-process.ts';
import { makeFd } from '../../support/fds.ts';

const info = (rest: string): string => fdInfo({ ino: '1038', rest });

describe('eventfd', () => {
  const captured = info('eventfd-count:               1f\neventfd-id: 7\neventfd-semaphore: 1\n');

  it('reads the counter, which is printed in hex, and the id', () => {
    const fd = makeFd('anon_inode:[eventfd]', { info: captured });
    expect(fd.kind).toBe('eventfd');
    expect(attributesOf(fd)).toEqual({ eventCount: '31', eventfdId: '7', semaphore: true });
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'eventfd:7', quality: 'exact' });
    expect(kindOf(fd).describe(fd)).toBe('eventfd id 7 count 31');
  });

  it('keeps a counter of 64 bits exact', () => {
    const fd = makeFd('anon_inode:[eventfd]', { info: info('eventfd-count: fffffffffffffffe\n') });
    expect(attributesOf(fd).eventCount).toBe('18446744073709551614');
  });

  it('is weak without an id, as before Linux 5.2, and unknown without fdinfo', () => {
    expect(kindOf(makeFd('anon_inode:[eventfd]', { info: info('eventfd-count: 0\n') })).identity(makeFd('anon_inode:[eventfd]'))).toEqual({
      id: 'eventfd',
      quality: 'weak',
    });
    expect(kindOf(makeFd('anon_inode:[eventfd]')).describe(makeFd('anon_inode:[eventfd]'))).toBe('eventfd count unknown');
  });

  it('takes no number out of what is none', () => {
    const fd = makeFd('anon_inode:[eventfd]', { info: info('eventfd-count: 0x5\neventfd-id:\n') });
    expect(attributesOf(fd).eventCount).toBeUndefined();
  });
});

describe('epoll', () => {
  const captured = info(
    'tfd:        5 events:       1d data:                5  pos:0 ino:96541 sdev:9\n' +
      'tfd:       13 events: c0000019 data: 1122334455667788  pos:0 ino:11d42 sdev:f\n',
  );

  it('reads tfd as decimal, events, ino and sdev as hex', () => {
    const fd = makeFd('anon_inode:[eventpoll]', { info: captured });
    expect(fd.kind).toBe('epoll');
    expect(fd.detail).toEqual({
      targets: [
        { fd: 5, events: 0x1d, ino: String(0x96541), sdev: '9' },
        { fd: 13, events: 0xc0000019, ino: String(0x11d42), sdev: '15' },
      ],
    });
    expect(kindOf(fd).describe(fd)).toBe('epoll watching 2 descriptors');
    expect(attributesOf(fd)).toEqual({ targets: 2 });
    expect(kindOf(fd).identity(fd).quality).toBe('weak');
  });

  it('reads lines without ino, as before Linux 4.13, and a negative position', () => {
    const old = makeFd('anon_inode:[eventpoll]', { info: info('tfd:       11 events:       19 data:                b\n') });
    expect(old.detail).toEqual({ targets: [{ fd: 11, events: 0x19 }] });
    const negative = makeFd('anon_inode:[eventpoll]', { info: info('tfd: 3 events: 1 data: 3  pos:-1 ino:a sdev:b\n') });
    expect(negative.detail).toEqual({ targets: [{ fd: 3, events: 1, ino: '10', sdev: '11' }] });
  });

  it('tells empty from unread', () => {
    expect(makeFd('anon_inode:[eventpoll]', { info: info('') }).detail).toEqual({ targets: [] });
    const unread = makeFd('anon_inode:[eventpoll]');
    expect(unread.detail).toEqual({});
    expect(kindOf(unread).describe(unread)).toBe('epoll watching an unknown number of descriptors');
  });

  it('skips lines that are none of its own', () => {
    expect(
      makeFd('anon_inode:[eventpoll]', { info: info('tfd: x events: 1 data: 1\nlock: 1\ntfd: 9 events: zz data: 1\n') }).detail,
    ).toEqual({ targets: [] });
  });
});

describe('timerfd', () => {
  it('reads clock, times and ticks', () => {
    const rest = 'clockid: 1\nticks: 3\nsettime flags: 00\nit_value: (4, 995077864)\nit_interval: (1, 500000000)\n';
    const fd = makeFd('anon_inode:[timerfd]', { info: info(rest) });
    expect(attributesOf(fd)).toEqual({ clock: 'CLOCK_MONOTONIC', ticks: 3, nextMs: 4995.077864, intervalMs: 1500 });
    expect(kindOf(fd).describe(fd)).toBe('timerfd CLOCK_MONOTONIC next in 5 s, every 1.5 s');
  });

  it('says disarmed, and names a clock it does not know by its number', () => {
    const fd = makeFd('anon_inode:[timerfd]', { info: info('clockid: 42\nticks: 0\nit_value: (0, 0)\nit_interval: (0, 0)\n') });
    expect(kindOf(fd).describe(fd)).toBe('timerfd clock 42 disarmed, every 0 ms');
  });

  it('has nothing to tell without fdinfo', () => {
    expect(attributesOf(makeFd('anon_inode:[timerfd]'))).toEqual({});
  });
});

describe('signalfd', () => {
  it('names the signals of the mask; bit N-1 is signal N', () => {
    const fd = makeFd('anon_inode:[signalfd]', { info: info('sigmask:\t8000001000010201\n') });
    expect(attributesOf(fd)).toEqual({ signals: 'SIGHUP,SIGUSR1,SIGCHLD,37,64' });
    expect(kindOf(fd).describe(fd)).toBe('signalfd for SIGHUP, SIGUSR1, SIGCHLD, 37, 64');
  });

  it('does not guess at a mask it cannot read', () => {
    const fd = makeFd('anon_inode:[signalfd]', { info: info('sigmask:\tall\n') });
    expect(kindOf(fd).describe(fd)).toBe('signalfd for unknown signals');
  });
});

describe('inotify', () => {
  const rest = 'ino:986030 sdev:fe00000 mask:100 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:3060980036784ba0';
  const line = (wd: string): string => `inotify wd:${wd} ${rest}\n`;

  it('has a link without brackets and a line per watch', () => {
    const fd = makeFd('anon_inode:inotify', { info: info(line('14') + line('2') + line('1')) });
    expect(fd.kind).toBe('inotify');
    expect(attributesOf(fd)).toEqual({ watches: 3 });
    expect(kindOf(fd).describe(fd)).toBe('inotify with 3 watches');
    const one = makeFd('anon_inode:inotify', { info: info(line('1')) });
    expect(kindOf(one).describe(one)).toBe('inotify with 1 watch');
  });

  it('tells none from unread', () => {
    expect(attributesOf(makeFd('anon_inode:inotify', { info: info('') }))).toEqual({ watches: 0 });
    // gVisor: its fdinfo has no lines of watches.
    expect(attributesOf(makeFd('anon_inode:[inotifyfd:1]', { info: info('') }))).toEqual({ watches: undefined });
    expect(attributesOf(makeFd('anon_inode:inotify'))).toEqual({ watches: undefined });
  });
});

describe('pidfd', () => {
  it('names the process, and says when it was reaped', () => {
    const alive = makeFd('anon_inode:[pidfd]', { info: fdInfo({ ino: '34460', rest: 'Pid:\t1993\nNSpid:\t1993\n' }) });
    expect(kindOf(alive).describe(alive)).toBe('pidfd of process 1993');
    expect(kindOf(alive).identity(alive)).toEqual({ id: 'pidfd:1993:34460', quality: 'weak' });
    const reaped = makeFd('pidfd:[34461]', { info: fdInfo({ ino: '34461', rest: 'Pid:\t-1\nNSpid:\t-1\n' }) });
    expect(reaped.kind).toBe('pidfd');
    expect(kindOf(reaped).key(reaped)).toBe('pidfd of a process that is gone');
    expect(attributesOf(reaped)).toEqual({ ofPid: -1 });
  });

  it('claims no pid it was not told', () => {
    const fd = makeFd('anon_inode:[pidfd]');
    expect(kindOf(fd).describe(fd)).toBe('pidfd of process unknown');
    expect(kindOf(fd).key(fd)).toBe('pidfd');
  });
});

describe('other', () => {
  it.each(['anon_inode:[not-yet-made]', 'anon_inode:not-yet-made', 'not-yet-made:[x]'])('names %s as the kernel does', (link) => {
    const fd = makeFd(link, { info: info('') });
    expect(fd.kind).toBe('other');
    expect(kindOf(fd).key(fd)).toBe(link);
    expect(kindOf(fd).identity(fd).quality).toBe('weak');
  });
});

describe('unreadable', () => {
  it('is a row with an errno', () => {
    const fd = makeFd('', { errno: 'EACCES' });
    expect(fd.kind).toBe('unreadable');
    expect(attributesOf(fd)).toEqual({ errno: 'EACCES' });
    expect(kindOf(fd).key(fd)).toBe('unreadable (EACCES)');
  });
});
