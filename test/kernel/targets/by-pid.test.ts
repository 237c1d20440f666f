import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/kernel/user-error.ts';
import { refused } from '../../support/fake-evidence.ts';
import { worldOf } from '../../support/fake-process.ts';
import { refusalOf, resolveIn } from './support.ts';

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
