/** What is a leak, what is not, and how long ahead it may be told. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/report/index.ts';
import { type Analysed, analyse } from './support/analyse.ts';

/** Seconds, and what happened then. */
type Event = readonly [at: number, line: string];

const clock = (at: number): string => `10:${String(Math.floor(at / 60)).padStart(2, '0')}:${(at % 60).toFixed(6).padStart(9, '0')}`;
const log = (events: readonly Event[]): string =>
  `5 ${clock(0)} execve("/srv/app", ["app"], 0x7 /* 1 var */) = 0\n5 ${clock(0)} prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=20000, rlim_max=20000}) = 0\n5 ${clock(0)} openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3\n5 ${clock(0)} close(3) = 0\n${events.toSorted((a, b) => a[0] - b[0]).map(([at, line]) => `${/^\d+ /.test(line) ? line.replace(' ', ` ${clock(at)} `) : `5 ${clock(at)} ${line}`}\n`).join('')}`;
const count = <T>(times: number, make: (n: number) => T[]): T[] => Array.from({ length: times }, (_, n) => make(n)).flat();
const open = (n: number, path = '/srv/shard'): string => `openat(AT_FDCWD, "${path}", O_RDONLY|O_CLOEXEC) = ${10 + n}`;
const leaks = ({ findings }: Analysed): Finding[] => findings.filter(({ id }) => id === 'strace/leak');
const alarms = (analysed: Analysed): string[] => leaks(analysed).filter(({ severity }) => severity !== 'info').map(({ severity, title }) => `${severity}: ${title}`);
/** Opened and closed at once, ten times a second: what a program does that is well. */
const healthy = (seconds: number): Event[] => count(seconds * 10, (n): Event[] => [[n / 10 + 0.05, 'openat(AT_FDCWD, "/etc/ok", O_RDONLY|O_CLOEXEC) = 9'], [n / 10 + 0.06, 'close(9) = 0']]);

describe('what is still used', () => {
  const warming = (uses: boolean): string => log(count(60, (n): Event[] => [[1 + n * 0.15, open(n)], ...(uses ? count(n + 1, (m): Event[] => [[1 + n * 0.15 + 0.01 + m * 0.001, `pread64(${10 + m}, "x", 1, 0) = 1`]]) : [])]));

  it('is a cache that warms up, not a leak', async () => {
    expect(leaks(await analyse(warming(true)))).toEqual([]);
    expect(alarms(await analyse(warming(false)))).toHaveLength(1);
  });

  it('leaves those that are not: a leak among them is told with what is in use', async () => {
    const mixed = count(60, (n): Event[] => [[1 + n * 0.15, open(n)], ...count(Math.ceil((n + 1) / 3), (m): Event[] => [[1 + n * 0.15 + 0.01 + m * 0.001, `pread64(${10 + m * 3}, "x", 1, 0) = 1`]])]);
    expect(alarms(await analyse(log(mixed)))).toEqual([expect.stringMatching(/60 open at the end of the log \(1\d of them in use\)/)]);
  });

  it('may be a connection that epoll waits for', async () => {
    const pool = (waited: boolean): string => log(count(40, (n): Event[] => [
      [1 + n * 0.2, `socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = ${10 + n}`],
      ...(waited ? [[1.01 + n * 0.2, `epoll_ctl(3, EPOLL_CTL_ADD, ${10 + n}, {events=EPOLLIN, data={u32=${n}, u64=${n}}}) = 0`] as const] : []),
    ]).concat([[0.5, 'epoll_create1(EPOLL_CLOEXEC) = 3']]));
    expect(alarms(await analyse(pool(true)))).toEqual([]);
    expect(alarms(await analyse(pool(false)))).toHaveLength(1);
  });
});

describe('what is used without a read', () => {
  const held = (each: (n: number) => string[], ...last: string[]): string => log([
    ...count(40, (n): Event[] => [[1 + n * 0.2, open(n, `/srv/p${n}`)], ...each(n).map((line, m): Event => [1.01 + n * 0.2 + m * 0.01, line])]),
    ...last.map((line): Event => [9.5, line]), [9.9, '5 +++ exited with 0 +++'],
  ]);

  it.each([
    ['flock', (n: number) => [`flock(${10 + n}, LOCK_EX) = 0`], (n: number) => [`flock(${10 + n}, LOCK_EX) = 0`, `flock(${10 + n}, LOCK_UN) = 0`]],
    ['a lock of the process', (n: number) => [`fcntl(${10 + n}, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}) = 0`], (n: number) => [`fcntl(${10 + n}, F_SETLK, {l_type=F_WRLCK}) = 0`, `fcntl(${10 + n}, F_SETLK, {l_type=F_UNLCK}) = 0`]],
    ['a lock of the open file', (n: number) => [`fcntl(${10 + n}, F_OFD_SETLKW, {l_type=F_WRLCK}) = 0`], (n: number) => [`fcntl(${10 + n}, F_OFD_SETLK, {l_type=F_RDLCK}) = 0`, `fcntl(${10 + n}, F_OFD_SETLK, {l_type=F_UNLCK}) = 0`]],
    ['a shared mapping', (n: number) => [`mmap(NULL, 4096, PROT_READ, MAP_SHARED, ${10 + n}, 0) = 0x7f${1000 + n}`], (n: number) => [`mmap(NULL, 4096, PROT_READ, MAP_SHARED, ${10 + n}, 0) = 0x7f${1000 + n}`, `munmap(0x7f${1000 + n}, 4096) = 0`]],
  ])('%s: as long as it is there', async (_name, taken, released) => {
    expect(leaks(await analyse(held(taken)))).toEqual([]);
    expect(alarms(await analyse(held(released)))).toHaveLength(1);
    expect(alarms(await analyse(held(() => [])))).toHaveLength(1);
  });

  it('a mapping that ends with the program was one to its end', async () => {
    const log = held((n) => [`mmap(NULL, 4096, PROT_READ, MAP_SHARED, ${10 + n}, 0) = 0x7f${1000 + n}`], ...Array.from({ length: 40 }, (_, n) => `munmap(0x7f${1000 + n}, 4096) = 0`));
    expect(leaks(await analyse(log))).toEqual([]);
  });

  const all = (upTo: number, name: (n: number) => string): string => Array.from({ length: upTo }, (_, n) => name(n)).join(', ');
  it.each([
    ['poll', (n: number) => `poll([${all(n + 1, (m) => `{fd=${10 + m}, events=POLLIN}`)}], ${n + 1}, 10) = 0 (Timeout)`],
    ['ppoll that is interrupted', (n: number) => `ppoll([${all(n + 1, (m) => `{fd=${10 + m}, events=POLLIN}`)}], ${n + 1}, NULL, NULL, 8) = ? ERESTARTNOHAND (To be restarted if no handler)`],
    ['select', (n: number) => `select(64, [${Array.from({ length: n + 1 }, (_, m) => 10 + m).join(' ')}], [], NULL, {tv_sec=1, tv_usec=0}) = 1 (in [10])`],
  ])('what %s waits on', async (_name, line) => {
    expect(leaks(await analyse(held((n) => [line(n)])))).toEqual([]);
  });

  it('what a thread waits on that never comes back, to the end of the log or of the thread', async () => {
    const threads = (isOver: boolean, call: (fd: number) => string): string => log(count(40, (n): Event[] => [
      [1 + n * 0.2, `clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = ${100 + n}`], [1.01 + n * 0.2, `${100 + n} ${open(n)}`], [1.02 + n * 0.2, `${100 + n} ${call(10 + n)} <unfinished ...>`],
      ...(isOver ? [[9.9, `${100 + n} +++ killed by SIGTERM +++`] as const] : []),
    ]).concat(isOver ? [[9.9, '5 +++ killed by SIGTERM +++']] : []));
    for (const isOver of [false, true]) {
      expect(leaks(await analyse(threads(isOver, (fd) => `poll([{fd=${fd}, events=POLLIN}], 1, 30000`)))).toEqual([]);
      expect(leaks(await analyse(threads(isOver, (fd) => `recvfrom(${fd}, `)))).toEqual([]);
      expect(alarms(await analyse(threads(isOver, () => 'futex(0x7f1234, FUTEX_WAIT_PRIVATE, 2, NULL')))).toHaveLength(1);
    }
  });
});

it('an end of a pipe for each child that lives is no leak; when the children are gone it is', async () => {
  const supervisor = (lives: boolean): string => log(count(40, (n): Event[] => [
    [1 + n * 0.2, `pipe2([${10 + n}, ${11 + n}], O_CLOEXEC) = 0`], [1.01 + n * 0.2, `fork() = ${100 + n}`], [1.02 + n * 0.2, `${100 + n} getpid() = ${100 + n}`],
    [1.03 + n * 0.2, `close(${11 + n}) = 0`], ...(lives ? [] : [[1.04 + n * 0.2, `${100 + n} +++ exited with 0 +++`] as const]),
  ]));
  expect(leaks(await analyse(supervisor(true)))).toEqual([]);
  expect(alarms(await analyse(supervisor(false)))).toHaveLength(1);
});

describe('a leak that begins late', () => {
  const late = (from: number, to: number, times: number): string => log([...healthy(120), ...count(times, (n): Event[] => [[from + ((to - from) * n) / times, open(n, '/data/leak')]])]);

  it.each([[60, 120], [45, 120], [80, 120]])('is seen: from %i s to %i s', async (from, to) => {
    expect(alarms(await analyse(late(from, to, 200)))).toEqual([expect.stringContaining('openat /data/leak opens: 200 opened, 0 closed')]);
  });

  it.each([[60, 62], [60, 80], [110, 120], [40, 100]])('is none where it is a step or a pool that fills: from %i s to %i s', async (from, to) => {
    expect(alarms(await analyse(late(from, to, 200)))).toEqual([]);
  });
});

describe('a forecast', () => {
  const steady = (seconds: number, until = seconds): string => log([...healthy(seconds), ...count(until * 4, (n): Event[] => [[1 + n / 4, open(n)]])]);

  it('is told of no time far beyond what was seen', async () => {
    const [finding] = leaks(await analyse(steady(20)));
    expect([finding!.severity, finding!.title]).toEqual(['warning', expect.not.stringContaining('is reached in')]);
  });

  it('is told, and an alarm, after long steady growth', async () => {
    const near = steady(120).replace('rlim_cur=20000', 'rlim_cur=900');
    expect(leaks(await analyse(near))).toMatchObject([{ severity: 'critical', title: expect.stringContaining('the limit of 900 is reached in') }]);
  });

  it('is not told where nothing was opened of late', async () => {
    const stopped = steady(120, 105).replace('rlim_cur=20000', 'rlim_cur=900');
    for (const { severity, title } of leaks(await analyse(stopped))) {
      expect([severity, title]).toEqual(['warning', expect.not.stringMatching(/is reached in|a minute/)]);
    }
  });
});

it('each leaking place of one process has a finding and a fingerprint of its own', async () => {
  const places = ['/etc/hosts', '/etc/passwd', '/etc/group'];
  const found = leaks(await analyse(log(count(40, (n): Event[] => places.map((path, at): Event => [1 + n * 0.2 + at / 100, open(n * 3 + at, path)])))));
  expect(found.map(({ title }) => title)).toEqual(expect.arrayContaining(places.map((path) => expect.stringContaining(`openat ${path} opens: 40 opened`))));
  expect(found.filter(({ title }) => title.includes('more process'))).toEqual([]);
  expect(new Set(found.map((one) => one.fingerprint)).size).toBe(3);
});

describe('a site that was done long before the end', () => {
  /** 1,000 opens in 10 s, then nothing for 20 s. @param isKept which of them stay open */
  const done = (isKept: (n: number) => boolean): string => {
    let next = 10;
    const events = count(1000, (n): Event[] => {
      const kept = isKept(n);
      const fd = kept ? next++ : 2000;
      const opened: Event = [1 + n * 0.01, `openat(AT_FDCWD, "/srv/page", O_RDONLY|O_CLOEXEC) = ${fd}`];
      return kept ? [opened] : [opened, [1.005 + n * 0.01, `close(${fd}) = 0`]];
    });
    return log([...events, [31, 'getpid() = 5']]);
  };

  it('leaks what it kept all through its work, without a rate and without a forecast', async () => {
    const [title, ...others] = alarms(await analyse(done((n) => n % 50 === 49)));
    expect(others).toEqual([]);
    expect(title).toMatch(/^warning: app \(pid 5\) leaves open what openat \/srv\/page opens: 1,000 opened, 980 closed, 20 open at the end of the log$/);
  });

  it.each<[string, (n: number) => boolean]>([
    ['a pool that has filled', (n) => n < 20],
    ['what it opened last', (n) => n >= 980],
    ['two steps', (n) => (n >= 200 && n < 215) || (n >= 700 && n < 715)],
    ['fewer than ten', (n) => n % 120 === 100],
  ])('does not where that is %s', async (_name, isKept) => {
    expect(alarms(await analyse(done(isKept)))).toEqual([]);
  });
});
