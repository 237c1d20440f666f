import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor, openTapeWriter, readTape } from '../../src/evidence/index.ts';
import { readInotifyUsers } from '../../src/kernel/inotify-users/index.ts';
import { mergeShared } from '../../src/kernel/inotify-users/merge.ts';
import type { InotifyFd } from '../../src/kernel/inotify-users/index.ts';
import { fakeEvidence, refused } from '../support/fake-evidence.ts';
import { FIRST, hostOf } from '../inotify/limits/support.ts';

const signal = new AbortController().signal;

describe('one instance in several tables', () => {
  const fdOf = (pid: number, fd: number): InotifyFd => ({ watcher: { pid, ppid: 1, startTime: String(pid), comm: 'app', uid: 0 }, fd });

  it('is found by the order of the kernel, in few questions', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), (files) => {
        const held = files.map((_, index) => fdOf(100 + index, 3));
        const orders: Record<string, number> = {};
        files.forEach((a, i) => {
          files.forEach((b, j) => {
            orders[`${100 + i}:3:${100 + j}:3`] = Math.sign(a - b);
          });
        });
        const evidence = fakeEvidence({ orders });
        const { classes, errno } = mergeShared(evidence, held);
        expect(errno).toBeNull();
        const expected = new Map<number, number[]>();
        files.forEach((file, index) => {
          expected.set(file, [...(expected.get(file) ?? []), 100 + index]);
        });
        const sorted = (lists: number[][]): string[] => lists.map((list) => list.join(' ')).sort();
        expect(sorted(classes.map((one) => one.map(({ watcher }) => watcher.pid)))).toEqual(sorted([...expected.values()]));
        expect(evidence.asked.length).toBeLessThanOrEqual(files.length * 6);
      }),
    );
  });

  it('whose holder ends meanwhile is left out; where nothing may be asked, families are guessed', () => {
    const [a, b] = [fdOf(101, 3), fdOf(102, 3)];
    const ended = { '102:3:101:3': refused('ESRCH') };
    expect(mergeShared(fakeEvidence({ orders: ended }), [a, b])).toEqual({ classes: [[a]], errno: null });
    expect(mergeShared(fakeEvidence({ orders: { ...ended, '102:3:102:3': 0 } }), [a, b])).toEqual({ classes: [[b]], errno: null });
    expect(mergeShared(fakeEvidence({ orders: { '102:3:101:3': refused('EPERM') } }), [a, b])).toEqual({ classes: [[a], [b]], errno: 'EPERM' });
    const child: InotifyFd = { ...b, watcher: { ...b.watcher, ppid: 101 } };
    expect(mergeShared(fakeEvidence({}), [a, child]).classes).toHaveLength(1);
  });
});

describe('a tape', () => {
  const OTHER = '4026532252';
  const world = () =>
    hostOf([{ pid: 42, uid: 1000, userns: OTHER, comm: 'node', instances: { 3: 4, 5: 2 } }, { pid: 50, uid: 1000, size: 300 }], {
      lists: { '/proc/50/fd': refused('EACCES') },
      userNamespaces: { '42': [{ id: OTHER, ownerUid: 1000 }, { id: FIRST, ownerUid: 0 }] },
      asUserOf: { '42:/proc/sys/user/max_inotify_instances': '7\n', '42:/proc/sys/user/max_inotify_watches': '9\n' },
      tried: { 1: 1 },
    });

  it.each([false, true])('answers as the host did, with pseudonyms: %s', async (isRedacted) => {
    const header = { tool: '0.1.0', recordedAt: '2026-11-22T00:00:00Z', target: null };
    const writer = openTapeWriter(fakeEvidence(world()), header, isRedacted ? openRedactor() : undefined);
    const options = { signal, tryInstances: 1 };
    const before = await readInotifyUsers(writer.evidence, options);
    const tape = readTape(writer.finish(), 'x.rctl');
    const after = await readInotifyUsers(tape, options);
    expect(tape.missing()).toEqual([]);
    const bare = (found: typeof before): object => JSON.parse(JSON.stringify(found, (key, value: unknown) => (['comm', 'exe', 'twin'].includes(key) ? undefined : value))) as object;
    expect(bare(after)).toEqual(bare(before));
    expect(before?.asked).toMatchObject({ tried: { wanted: 1, made: 1 } });
    if (!isRedacted) expect(after).toEqual(before);
  });
});
