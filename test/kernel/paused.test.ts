import { expect, it } from 'vitest';
import type { Evidence } from '../../src/evidence/types.ts';
import { pausedOf, standsStill } from '../../src/kernel/paused.ts';

/** @param states of its threads, a letter each */
function hostOf(states: string, files: Record<string, string> = {}): Evidence {
  const stats = Object.fromEntries([...states].map((state, index) => [`/proc/42/task/${42 + index}/stat`, `${42 + index} (a) b) ${state} ${Array.from({ length: 30 }, () => '0').join(' ')}\n`]));
  const all: Record<string, string> = { ...stats, ...files };
  const answer = (path: string, value: unknown) => (value === undefined ? { errno: 'ENOENT', at: 0, source: path } : { value, at: 0, source: path });
  return {
    read: (path: string) => answer(path, all[path]),
    list: (path: string) => answer(path, path === '/proc/42/task' ? [...states].map((_, index) => String(42 + index)) : undefined),
  } as unknown as Evidence;
}

const V2 = { '/proc/42/cgroup': '0::/app.slice/x.service\n' };
const V1 = { '/proc/42/cgroup': '7:cpu:/other\n6:cpuset,freezer:/docker/ab\n0::/\n' };

it.each<[string, string, Record<string, string>, unknown]>([
  ['runs', 'SRSS', {}, undefined],
  ['is stopped', 'TTT', {}, { how: 'stopped', held: 3, threads: 3 }],
  ['is stopped, one thread still in the kernel', 'TTD', {}, { how: 'stopped', held: 2, threads: 3 }],
  ['is traced', 'ttZ', {}, { how: 'traced', held: 2, threads: 2 }],
  ['is traced in part', 'tSS', {}, { how: 'traced', held: 1, threads: 3 }],
  ['was stopped, then attached to', 'Tt', {}, { how: 'stopped', held: 2, threads: 2 }],
  ['is frozen, version 2', 'SS', { ...V2, '/sys/fs/cgroup/app.slice/x.service/cgroup.events': 'populated 1\nfrozen 1\n' }, { how: 'frozen', held: 2, threads: 2 }],
  ['is frozen, both versions mounted', 'SS', { ...V2, '/sys/fs/cgroup/unified/app.slice/x.service/cgroup.events': 'populated 1\nfrozen 1\n' }, { how: 'frozen', held: 2, threads: 2 }],
  ['is not frozen, version 2', 'SS', { ...V2, '/sys/fs/cgroup/app.slice/x.service/cgroup.events': 'populated 1\nfrozen 0\n' }, undefined],
  ['is frozen, version 1', 'DD', { ...V1, '/sys/fs/cgroup/freezer/docker/ab/freezer.state': 'FROZEN\n' }, { how: 'frozen', held: 2, threads: 2 }],
  ['is not frozen, version 1', 'DD', { ...V1, '/sys/fs/cgroup/freezer/docker/ab/freezer.state': 'THAWED\n' }, undefined],
  ['is in a group that cannot be seen', 'SS', { '/proc/42/cgroup': '0::/../x\n', '/sys/fs/cgroup/../x/cgroup.events': 'frozen 1\n' }, undefined],
])('a process that %s', (_, states, files, expected) => {
  expect(pausedOf(hostOf(states, files), 42)).toEqual(expected);
});

it('a tracer that holds some threads lets the others get on', () => {
  expect(standsStill({ how: 'traced', held: 1, threads: 3 })).toBe(false);
  expect(standsStill({ how: 'traced', held: 3, threads: 3 })).toBe(true);
  expect(standsStill({ how: 'stopped', held: 2, threads: 3 })).toBe(true);
});
