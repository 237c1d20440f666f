/** What --overhead counts. */
import { expect, it } from 'vitest';
import { meterEvidence } from '../../src/evidence/meter.ts';
import { openLive } from '../../src/evidence/live.ts';
import type { Evidence } from '../../src/evidence/types.ts';

/** Answers that take as long as told, by the clock. */
function slow(ms: number): Evidence {
  const wait = (source: string) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
    return { value: true, at: 0, source };
  };
  return {
    origin: 'live',
    now: () => 1,
    sleep: () => Promise.resolve(),
    read: (path: string) => ({ value: '', at: 0, source: path }),
    readSlow: (paths: readonly string[]) => Promise.resolve(paths.map((path) => ({ ...wait(path), value: '' }))),
    statSlow: (_: string, names: readonly string[]) => Promise.resolve(names.map((name) => ({ errno: 'ENOENT', at: 0, source: name }))),
    sameDescription: () => wait('kcmp'),
    isEpollTarget: () => ({ errno: 'ENOTSUP', at: 0, source: 'kcmp' }),
    inotify: { queueBytes: () => ({ value: 1, at: 0, source: 'queue' }) },
    close: () => false,
  } as unknown as Evidence;
}

it('counts questions by name, many at once as many, and asks them as they are', async () => {
  const { evidence, questions } = meterEvidence(slow(0));
  expect(evidence.read('/a')).toEqual({ value: '', at: 0, source: '/a' });
  evidence.read('/b');
  await evidence.readSlow(['/a', '/b', '/c']);
  expect(await evidence.statSlow('/d', ['1', '2'])).toHaveLength(2);
  evidence.inotify?.queueBytes(1, 2);
  evidence.now();
  expect(questions()).toEqual({ queueBytes: 1, read: 2, readSlow: 3, statSlow: 2 });
});

it('times what takes a lock of the target, the longest of each kind', async () => {
  const { evidence, holds } = meterEvidence(slow(5));
  await evidence.readSlow(['/proc/1/environ']);
  expect(holds()).toEqual({});
  await evidence.readSlow(['/proc/1/fdinfo/3', '/proc/1/fdinfo/4']);
  evidence.sameDescription(1, 2, 3, 4);
  evidence.sameDescription(1, 2, 3, 4);
  evidence.isEpollTarget(1, 2, 3, 4);
  const { fdinfo, kcmp } = holds();
  expect(fdinfo).toMatchObject({ count: 1 });
  expect(fdinfo!.longestMs).toBeGreaterThanOrEqual(10);
  // What this host cannot ask holds nothing.
  expect(kcmp).toMatchObject({ count: 2 });
  expect(kcmp!.longestMs).toBeGreaterThanOrEqual(5);
});

it('over the evidence of this machine: the same answers, and what we ourselves cost', () => {
  const live = openLive();
  const { evidence, cost, questions } = meterEvidence(live);
  expect(evidence.origin).toBe('live');
  expect(evidence.readlink('/proc/self/exe').value).toBe(live.readlink('/proc/self/exe').value);
  expect(evidence.readlinks?.('/proc/self/fd', [0, 1]).values).toHaveLength(2);
  expect(questions()).toEqual({ readlink: 3 });
  const { wallMs, cpuMs, childCpuMs, peakBytes } = cost();
  expect(Math.min(wallMs, cpuMs)).toBeGreaterThan(0);
  expect(childCpuMs).toBeGreaterThanOrEqual(0);
  expect(peakBytes).toBeGreaterThan(1024 * 1024);
  evidence.close();
});
