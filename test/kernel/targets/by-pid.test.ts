import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/kernel/user-error.ts';
import { refused } from '../../support/fake-evidence.ts';
import { worldOf } from '../../support/fake-process.ts';
import { HIDEPID, refusalOf, resolveIn } from './support.ts';

describe('a pid', () => {
  const world = worldOf({ pid: 42 }, { pid: 43, ppid: 42 }, { pid: 44, ppid: 43 }, { pid: 50 });

  it('is that process, with --tree its descendants too', () => {
    expect(resolveIn(world, '42')).toEqual({ spec: '42', name: '', pids: [42] });
    expect(resolveIn(world, '42', true).pids).toEqual([42, 43, 44]);
  });

  it.each(['0', '4194305', '99999999999999999999'])('is no pid: %s', (spec) => {
    expect(refusalOf(world, spec).message).toMatch(/^2 not a pid/);
  });

  it('is said to be gone, or not to be permitted', () => {
    expect(refusalOf(world, '77').message).toBe('3 no such process: 77');
    const hidden = worldOf({ pid: 42 });
    hidden.files['/proc/42/stat'] = refused('EPERM');
    expect(refusalOf(hidden, '42').message).toBe('3 process 42: not permitted to look at it (hidepid?)');
    hidden.files['/proc/self/mountinfo'] = HIDEPID;
    expect(refusalOf(hidden, '42')).toEqual({
      message: '3 process 42: not permitted to look at it (/proc is mounted with hidepid=2)',
      hints: ['sudo reloadctl fds 42'],
    });
  });

  it('is no thread: that is refused, with the process it belongs to', () => {
    const threaded = worldOf({ pid: 42, threads: 2 });
    threaded.files['/proc/45/stat'] = threaded.files['/proc/42/stat']!;
    threaded.files['/proc/45/status'] = String(threaded.files['/proc/42/status']).replace('Pid:\t42', 'Pid:\t45');
    expect(refusalOf(threaded, '45')).toEqual({ message: '2 45 is a thread of process 42', hints: ['reloadctl fds 42'] });
  });
});

describe('any target', () => {
  it('is not said to be missing when we are out of descriptors ourselves', () => {
    const world = worldOf({ pid: 42, comm: 'nginx' });
    for (const path of Object.keys(world.files)) world.files[path] = refused('EMFILE');
    world.lists['/proc'] = refused('EMFILE');
    for (const spec of ['42', 'nginx', ':80', 'unit:nginx', 'container:4f2a', 'pod:a/b', './nginx.pid']) {
      expect(refusalOf(world, spec).message).toMatch(/^3 .*EMFILE/);
    }
  });

  it('is not said to be missing without /proc', () => {
    const world = worldOf();
    delete world.files['/proc/self/stat'];
    for (const spec of ['42', 'nginx', ':80', 'unit:nginx', 'container:4f2a', 'pod:a/b', './nginx.pid']) {
      expect(refusalOf(world, spec).message).toMatch(/^3 \/proc cannot be read \(\/proc\/self\/stat: ENOENT\)/);
    }
    const unlisted = worldOf({ pid: 42 });
    unlisted.lists['/proc'] = refused('EACCES');
    for (const spec of ['nginx', ':80', 'unit:nginx', 'container:4f2a', 'pod:4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a']) {
      expect(refusalOf(unlisted, spec).message).toMatch(/^3 \/proc cannot be listed \(not permitted\)/);
    }
  });

  it.each([
    ['nginx', 'no process is called nginx'],
    ['77', 'no such process: 77'],
    [':80', 'nobody listens on port 80'],
    ['unit:nginx', 'no process runs in unit nginx.service'],
    ['container:4f2a', 'no process runs in container 4f2a'],
    ['pod:4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a', 'no process runs in pod 4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a'],
  ])('may be hidden, and is not said to be missing then: %s', (spec, nothing) => {
    const world = worldOf({ pid: 42, comm: 'shell' });
    world.files['/proc/self/mountinfo'] = HIDEPID;
    expect(refusalOf(world, spec)).toEqual({ message: `3 ${nothing}, or it is hidden: /proc is mounted with hidepid=2`, hints: [`sudo reloadctl fds ${spec}`] });
    // Who sees process 1 sees through it.
    const seeing = worldOf({ pid: 1, ppid: 0 }, { pid: 42, comm: 'shell' });
    seeing.files['/proc/self/mountinfo'] = HIDEPID;
    expect(refusalOf(seeing, spec).message).toBe(`3 ${nothing}`);
  });

  it('is found or refused with words, whatever was typed', () => {
    const world = worldOf({ pid: 42, comm: 'nginx' });
    const typed = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc
        .tuple(fc.constantFrom(':', 'unit:', 'container:', 'pod:', './', '-', ''), fc.string({ maxLength: 12 }))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(typed, (spec) => {
        try {
          expect(resolveIn(world, spec).pids).toEqual([42]);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          expect(error.message).not.toBe('');
        }
      }),
    );
  });

  it('is asked for when it is empty, and told from an option', () => {
    const world = worldOf({ pid: 42 });
    expect(refusalOf(world, '').message).toBe('2 the target is empty');
    expect(refusalOf(world, '-5').message).toBe('2 not a pid: -5 (a pid is a positive number)');
  });
});
