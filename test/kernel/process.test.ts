import { describe, expect, it } from 'vitest';
import { countOpen, listPids, readProcess, stillThere } from '../../src/kernel/process.ts';
import { ProcessTree } from '../../src/kernel/process-tree.ts';
import { fakeEvidence, refused } from '../support/fake-evidence.ts';
import { NETNS, statLine, worldOf } from '../support/fake-process.ts';

describe('readProcess', () => {
  it('reads what the files say', () => {
    const evidence = fakeEvidence(
      worldOf({
        pid: 42,
        ppid: 7,
        comm: 'a) b (c',
        startTime: '555',
        soft: '20000',
        hard: 'unlimited',
        fdSize: 512,
        fds: { 0: '/dev/null', 3: '/tmp/x' },
      }),
    );
    expect(readProcess(evidence, 42)).toEqual({
      pid: 42,
      ppid: 7,
      startTime: '555',
      comm: 'a) b (c',
      exe: '/usr/bin/app',
      state: 'S',
      kernelThread: false,
      uid: 1000,
      threads: 1,
      fdSize: 512,
      open: 2,
      limit: { soft: 20000, hard: null },
      netns: NETNS,
      origin: { path: '/system.slice/app.service', unit: 'app.service' },
    });
  });

  it('is null for none, and has gaps for what was denied', () => {
    const world = worldOf({ pid: 42 });
    expect(readProcess(fakeEvidence(world), 43)).toBeNull();
    delete world.links['/proc/42/exe'];
    world.links['/proc/42/ns/net'] = refused('EACCES');
    const process = readProcess(fakeEvidence(world), 42)!;
    expect(process).not.toHaveProperty('exe');
    expect(process).not.toHaveProperty('netns');
  });

  it('sees kernel threads and zombies, which hold nothing', () => {
    const evidence = fakeEvidence(worldOf({ pid: 9, ppid: 2, kernelThread: true, exe: null }, { pid: 10, state: 'Z', exe: null }));
    expect(readProcess(evidence, 9)).toMatchObject({ kernelThread: true, open: 0 });
    expect(readProcess(evidence, 10)).toMatchObject({ state: 'Z', open: 0 });
  });
});

describe('countOpen', () => {
  it('takes st_size of fd/, and lists where an old kernel says 0', () => {
    const world = worldOf({ pid: 42, fds: { 0: '/a', 1: '/b', 2: '/c' } });
    expect(countOpen(fakeEvidence(world), 42, () => false)).toBe(3);
    world.sizes['/proc/42/fd'] = 0;
    world.sizes['/proc/self/fd'] = 0;
    expect(countOpen(fakeEvidence(world), 42, () => false)).toBe(3);
    world.lists['/proc/42/fd'] = refused('EACCES');
    expect(countOpen(fakeEvidence(world), 42, () => false)).toBeNull();
  });

  it('believes 0 without rights where our own count is told: some processes close everything', () => {
    const world = worldOf({ pid: 42, size: 0 });
    world.lists['/proc/42/fd'] = refused('EACCES');
    expect(countOpen(fakeEvidence(world), 42, () => false)).toBe(0);
  });
});

describe('listPids', () => {
  it('has the numbers of /proc in ascending order', () => {
    expect(listPids(fakeEvidence({ lists: { '/proc': ['self', '100', '20', '3x', 'sys', '3'] } }))).toEqual([3, 20, 100]);
    expect(listPids(fakeEvidence({}))).toEqual([]);
  });
});

describe('stillThere', () => {
  const pinned = { pid: 42, startTime: '1000' };

  it.each([
    [statLine({ pid: 42 }), 'same'],
    [statLine({ pid: 42, startTime: '2000' }), 'reused'],
    [statLine({ pid: 42, state: 'Z' }), 'gone'],
    [statLine({ pid: 42 }).replace('4194304', '4194308'), 'gone'],
    ['', 'gone'],
  ])('%j is %s', (stat, expected) => {
    expect(stillThere(fakeEvidence({ files: { '/proc/42/stat': stat } }), pinned)).toBe(expected);
  });
});

describe('ProcessTree', () => {
  const evidence = fakeEvidence(
    worldOf(
      { pid: 1, ppid: 0 },
      { pid: 2, ppid: 0, kernelThread: true },
      { pid: 5, ppid: 2, kernelThread: true },
      { pid: 10 },
      { pid: 11, ppid: 10 },
      { pid: 12, ppid: 11 },
      { pid: 20 },
    ),
  );
  const tree = new ProcessTree(evidence);

  it('leaves kernel threads out', () => {
    expect([...tree.parents.keys()]).toEqual([1, 10, 11, 12, 20]);
  });

  it('knows children, descendants and roots', () => {
    expect(tree.children(1)).toEqual([10, 20]);
    expect(tree.descendants(1)).toEqual([10, 20, 11, 12]);
    expect(tree.roots([10, 11, 12, 20])).toEqual([10, 20]);
    expect(tree.descendants(12)).toEqual([]);
  });

  it('ends in a circle, which pids that are used again while they are read can make', () => {
    const circle = new ProcessTree(fakeEvidence(worldOf({ pid: 10, ppid: 12 }, { pid: 11, ppid: 10 }, { pid: 12, ppid: 11 })));
    expect(circle.descendants(10)).toEqual([11, 12]);
  });
});
