import { describe, expect, it } from 'vitest';
import { ancestorsOf, relativesOf } from '../../src/kernel/relatives.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { type FakeProcess, worldOf } from '../support/fake-process.ts';

/** A family: 10 started 42, whose two threads started 50 and 60; 50 started 51. 7 is nobody's. */
const FAMILY: FakeProcess[] = [{ pid: 10 }, { pid: 42, ppid: 10, threads: 2 }, { pid: 50, ppid: 42 }, { pid: 51, ppid: 50 }, { pid: 60, ppid: 42 }, { pid: 7 }];

/** As kernels with CONFIG_PROC_CHILDREN show it. */
function listing(): ReturnType<typeof worldOf> {
  const world = worldOf(...FAMILY);
  for (const { pid } of FAMILY) {
    world.lists[`/proc/${pid}/task`] = [String(pid)];
    world.files[`/proc/${pid}/task/${pid}/children`] = '';
  }
  world.lists['/proc/42/task'] = ['42', '43'];
  world.files['/proc/42/task/42/children'] = '50 ';
  world.files['/proc/42/task/43/children'] = '60 ';
  world.files['/proc/50/task/50/children'] = '51 ';
  return world;
}

const TARGET = { pid: 42, ppid: 10, threads: 2 };

describe('relatives', () => {
  it('are told by the threads of each process, and nobody else is asked', () => {
    const evidence = fakeEvidence(listing());
    expect(relativesOf(evidence, [TARGET], 200)).toEqual([10, 50, 60, 51]);
    expect(evidence.asked).not.toContain('read /proc/7/stat');
    expect(evidence.asked).not.toContain('list /proc');
  });

  it('are the same where the kernel lists no children', () => {
    const found = relativesOf(fakeEvidence(worldOf(...FAMILY)), [TARGET], 200);
    expect(found.sort((a, b) => a - b)).toEqual([10, 50, 51, 60]);
  });

  it('are found by parents when there are too many threads to ask', () => {
    const world = listing();
    world.lists['/proc/42/task'] = ['42', '43', ...Array.from({ length: 300 }, (_, index) => String(1000 + index))];
    const evidence = fakeEvidence(world);
    expect(relativesOf(evidence, [{ ...TARGET, threads: 302 }], 200).sort((a, b) => a - b)).toEqual([10, 50, 51, 60]);
    expect(evidence.asked).not.toContain('read /proc/42/task/1000/children');
  });

  it('are without a thread that ended meanwhile, without the targets, and not more than asked for', () => {
    const world = listing();
    delete world.files['/proc/42/task/43/children'];
    expect(relativesOf(fakeEvidence(world), [TARGET], 200)).toEqual([10, 50, 51]);
    expect(relativesOf(fakeEvidence(world), [TARGET, { pid: 50, ppid: 42, threads: 1 }], 200)).toEqual([10, 51]);
    expect(relativesOf(fakeEvidence(world), [TARGET], 1)).toEqual([10]);
  });

  it('end in a circle of pids that were used again', () => {
    const world = listing();
    world.files['/proc/51/task/51/children'] = '50 42 ';
    expect(relativesOf(fakeEvidence(world), [TARGET], 200)).toEqual([10, 50, 60, 51]);
    const circle = worldOf({ pid: 5, ppid: 6 }, { pid: 6, ppid: 5 });
    expect(ancestorsOf(fakeEvidence(circle), 5)).toEqual([6]);
  });
});

describe('ancestors', () => {
  it('are all above, nearest first', () => {
    expect(ancestorsOf(fakeEvidence(worldOf(...FAMILY)), 51)).toEqual([50, 42, 10, 1]);
  });
});
