import { readlinkSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { infoOf, infoValue, isCloexec, linkOf, openFds } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { type FactoryTruth, startFactory } from './support/program.ts';

/** What readlink of each descriptor must look like. */
const LINKS: Record<string, { request?: string; count: number; link: RegExp }> = {
  files: { request: 'files=23:sub/upload-{}.part', count: 23, link: /\/sub\/upload-\d+\.part$/ },
  'same-file': { request: 'same-file=3', count: 3, link: /\/same\.conf$/ },
  devnull: { request: 'devnull=2', count: 2, link: /^\/dev\/null$/ },
  dir: { count: 1, link: /reloadctl-test-factory-[^/]+$/ },
  fifo: { count: 1, link: /\/fifo-0$/ },
  pipe: { request: 'pipe=3', count: 6, link: /^pipe:\[\d+\]$/ },
  tty: { count: 2, link: /^\/dev\/(ptmx|pts\/(ptmx|\d+))$/ },
  pty: { count: 2, link: /^\/dev\/(ptmx|pts\/(ptmx|\d+))$/ },
  opath: { count: 1, link: /reloadctl-test-factory-[^/]+$/ },
  tmpfile: { count: 1, link: /\/#\d+ \(deleted\)$/ },
  deleted: { request: 'deleted=5:size=1048576', count: 5, link: /\/app-\d\.log \(deleted\)$/ },
  'deleted-linked': { count: 1, link: /\/linked-0\.log \(deleted\)$/ },
  replaced: { count: 1, link: /\/replaced-0\.conf \(deleted\)$/ },
  'really-named-deleted': { count: 1, link: /\/x0 \(deleted\)$/ },
  dup: { request: 'dup=7', count: 7, link: /\/duplicated\.log$/ },
  nocloexec: { request: 'nocloexec=4', count: 4, link: /\/nocloexec-\d\.dat$/ },
  eventfd: { request: 'eventfd=2:value=5', count: 2, link: /^anon_inode:\[eventfd\]$/ },
  timerfd: { count: 1, link: /^anon_inode:\[timerfd\]$/ },
  signalfd: { count: 1, link: /^anon_inode:\[signalfd\]$/ },
  inotify: { request: 'inotify=1:watches=3', count: 1, link: /^anon_inode:inotify$/ },
  'pidfd-live': { count: 1, link: /^anon_inode:\[pidfd\]$/ },
  'pidfd-dead': { count: 1, link: /^anon_inode:\[pidfd\]$/ },
  memfd: { request: 'memfd=2:size=4096', count: 2, link: /^\/memfd:cache-\d \(deleted\)$/ },
  epoll: { count: 1, link: /^anon_inode:\[eventpoll\]$/ },
  socketpair: { request: 'socketpair=2', count: 4, link: /^socket:\[\d+\]$/ },
};

describeNeeds(['python3'], 'factory: one descriptor of each kind', () => {
  it('makes what it is told and nothing else', async () => {
    const requests = Object.entries(LINKS).map(([name, { request }]) => request ?? name);
    const { pid, truth, stop } = await startFactory(requests);
    for (const [name, { count, link }] of Object.entries(LINKS)) {
      const links = (truth.fds[name] ?? []).map((fd) => linkOf(pid, fd));
      expect(links, name).toEqual(Array.from({ length: count }, () => expect.stringMatching(link)));
    }
    const claimed = [...truth.base, ...Object.values(truth.fds).flat()].sort((a, b) => a - b);
    expect(openFds(pid)).toEqual(claimed);
    expect(truth).toMatchObject({ base: [0, 1, 2], open: claimed.length, volatile: 0, children: [], peers: [] });
    checkDetails(pid, truth);
    await stop();
  });

  it('gives names no terminal should see', async () => {
    const { pid, truth, stop } = await startFactory(['hostile-names']);
    const fds = truth.fds['hostile-names'] ?? [];
    const links = fds.map((fd) => linkOf(pid, fd));
    expect(links).toEqual(truth.facts['hostile-names']?.paths);
    for (const bytes of ['\n', '\x1b', '\xff\xfe', '\xe2\x80\xae']) expect(links.some((link) => link.includes(bytes))).toBe(true);
    expect(links.some((link) => link.endsWith('\n (deleted)'))).toBe(true);
    for (const fd of fds) expect(statSync(`/proc/${pid}/fd/${fd}`).nlink).toBe(1);
    await stop();
  });

  it('refuses what it does not know', async () => {
    await expect(startFactory(['pipes=1'])).rejects.toThrow("no command 'pipes'");
    await expect(startFactory(['pipe=1:depth=2'])).rejects.toThrow("does not know 'depth'");
  });
});

function statsOf(pid: number, truth: FactoryTruth, name: string): { nlink: number; blocks: number }[] {
  return (truth.fds[name] ?? []).map((fd) => statSync(`/proc/${pid}/fd/${fd}`));
}

function checkDetails(pid: number, truth: FactoryTruth): void {
  const first = (name: string): number => truth.fds[name]?.[0] ?? -1;
  expect(statsOf(pid, truth, 'deleted').map(({ nlink, blocks }) => [nlink, blocks * 512 >= 1048576])).toEqual(Array(5).fill([0, true]));
  expect(statsOf(pid, truth, 'deleted-linked').map(({ nlink }) => nlink)).toEqual([1]);
  expect(statsOf(pid, truth, 'replaced').map(({ nlink }) => nlink)).toEqual([0]);
  expect(statSync(truth.facts.replaced?.paths?.[0] ?? '').nlink).toBe(1);
  expect(statsOf(pid, truth, 'really-named-deleted').map(({ nlink }) => nlink)).toEqual([1]);
  expect(infoValue(pid, first('eventfd'), 'eventfd-count')).toBe('5');
  expect(infoOf(pid, first('inotify')).match(/^inotify wd:/gm)).toHaveLength(3);
  expect(infoValue(pid, first('pidfd-live'), 'Pid')).toBe(String(pid));
  expect(infoValue(pid, first('pidfd-dead'), 'Pid')).toBe('-1');
  expect(infoValue(pid, first('signalfd'), 'sigmask')).toBe('0000000000010200');
  expect(infoValue(pid, first('timerfd'), 'it_interval')).toBe('(3600, 0)');
  expect(infoOf(pid, first('epoll'))).not.toContain('tfd:');
  const open = Object.entries(truth.fds).flatMap(([name, fds]) => fds.filter((fd) => !isCloexec(pid, fd)).map(() => name));
  expect(open, 'without CLOEXEC').toEqual(Array(4).fill('nocloexec'));
}

describeNeeds(['python3', 'root'], 'factory: what only root can make', () => {
  it('holds a socket of another network namespace, and packet sockets', async () => {
    const { pid, truth, stop } = await startFactory(['setns-socket', 'packet', 'netlink']);
    expect(truth.facts['setns-socket']?.netns).toMatch(/^net:\[\d+\]$/);
    expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(truth.facts['setns-socket']?.netns);
    expect(readlinkSync(`/proc/${pid}/ns/net`)).toBe(readlinkSync('/proc/self/ns/net'));
    for (const name of ['setns-socket', 'packet', 'netlink']) expect(linkOf(pid, truth.fds[name]?.[0] ?? -1)).toMatch(/^socket:/);
    await stop();
  });

  it('becomes another user whose /proc folder is his own', async () => {
    const { pid, stop } = await startFactory(['pipe'], { uid: 65534 });
    expect(statSync(`/proc/${pid}/fd`).uid).toBe(65534);
    await stop();
  });
});
