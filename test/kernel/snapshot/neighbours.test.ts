import { describe, expect, it } from 'vitest';
import { refused } from '../../support/fake-evidence.ts';
import { type FakeProcess, worldOf } from '../../support/fake-process.ts';
import { look } from './support.ts';

const target: FakeProcess = { pid: 42, fds: { 3: 'pipe:[9]' } };

describe('the owners of other ends', () => {
  it('are found in other processes, the nearest first', async () => {
    const { snapshot, coverage } = await look(
      worldOf(target, { pid: 40, fds: { 1: 'pipe:[9]' } }, { pid: 99, fds: { 1: 'pipe:[9]', 2: 'pipe:[7]' } }),
    );
    expect(snapshot.foreign.get('pipe:[9]')?.map((holder) => holder.process.pid)).toEqual([40, 99]);
    expect(snapshot.foreign.has('pipe:[7]')).toBe(false);
    expect(coverage['owners of other ends']).toMatchObject({ status: 'ok', seen: 2, total: 2 });
  });

  it('are not looked for when nothing has another end', async () => {
    const { coverage, evidence } = await look(worldOf({ pid: 42, fds: { 0: '/etc/passwd' } }, { pid: 43 }));
    expect(evidence.asked).not.toContain('list /proc/43/fd');
    expect(coverage['owners of other ends']).toBeUndefined();
  });

  it('are told apart: denied, ended meanwhile, and not reached', async () => {
    const world = worldOf(target, { pid: 43 }, { pid: 44 }, { pid: 45 });
    world.lists['/proc/43/fd'] = refused('EACCES');
    world.lists['/proc/44/fd'] = refused('ENOENT');
    const { coverage, verdict } = await look(world);
    expect(coverage['owners of other ends']).toMatchObject({
      status: 'partial',
      seen: 1,
      total: 2,
      detail: '1 processes could not be read',
      fix: 'sudo reloadctl fds 42',
    });
    expect(verdict).toBe('pass');
  });

  it('are looked for within a budget, unless all are asked for', async () => {
    const crowd = Array.from(
      { length: 100 },
      (_, index): FakeProcess => ({
        pid: 100 + index,
        fds: Object.fromEntries(Array.from({ length: 100 }, (_unused, fd) => [fd, '/dev/null'])),
      }),
    );
    const near = await look(worldOf(target, ...crowd));
    expect(near.coverage['owners of other ends']).toMatchObject({ status: 'partial', total: 100, fix: 'reloadctl fds 42 --owners' });
    expect(near.coverage['owners of other ends']!.seen).toBeLessThan(60);
    const all = await look(worldOf(target, ...crowd), [42], { allOwners: true });
    expect(all.coverage['owners of other ends']).toMatchObject({ status: 'ok', seen: 100, total: 100 });
    // A tape asks for more and has a budget too; record has no such option.
    const huge: FakeProcess = { pid: 41, fds: Object.fromEntries(Array.from({ length: 20_000 }, (_unused, fd) => [fd, '/dev/null'])) };
    const tape = await look(worldOf(target, huge, ...crowd), [42], { everything: true });
    expect(tape.coverage['owners of other ends']).toMatchObject({ status: 'partial', detail: 'searched near the target only' });
    expect(tape.coverage['owners of other ends']).not.toHaveProperty('fix');
  });

  it('cost something also where everything is denied', async () => {
    const world = worldOf(target, ...Array.from({ length: 2000 }, (_, index): FakeProcess => ({ pid: 100 + index, size: 3 })));
    for (let pid = 100; pid < 2100; pid++) world.lists[`/proc/${pid}/fd`] = refused('EACCES');
    const { evidence } = await look(world);
    expect(evidence.asked.filter((question) => /^list \/proc\/\d+\/fd$/.test(question)).length).toBeLessThan(500);
  });
});

describe('relatives', () => {
  it('are the parent and all below, with flags where another program holds the same at the same number', async () => {
    const world = worldOf(
      { pid: 10, comm: 'boss', exe: '/usr/bin/boss', fds: { 3: 'pipe:[9]', 4: '/etc/passwd' } },
      { ...target, ppid: 10 },
      { pid: 50, ppid: 42 },
      { pid: 51, ppid: 50 },
      { pid: 60 },
    );
    const { snapshot } = await look(world);
    expect(snapshot.relatives.map((table) => table.process.pid)).toEqual([10, 50, 51]);
    expect(snapshot.relatives[0]!.fds.map((fd) => [fd.fd, fd.info !== undefined])).toEqual([
      [3, true],
      [4, false],
    ]);
  });

  it('are not asked for flags that workers of one program share on purpose', async () => {
    const { evidence } = await look(worldOf({ pid: 10, fds: { 3: 'pipe:[9]' } }, { ...target, ppid: 10 }));
    expect(evidence.asked).not.toContain('read /proc/10/fdinfo/3');
  });

  it('are not the init process', async () => {
    const { snapshot } = await look(worldOf({ pid: 1, ppid: 0 }, target));
    expect(snapshot.relatives).toEqual([]);
  });
});
