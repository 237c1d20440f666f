import { describe, expect, it } from 'vitest';
import { pathGuard } from '../../src/evidence/path-guard.ts';
import type { Answer } from '../../src/evidence/types.ts';

const mount = (at: string, type: string): string => `9 8 0:7 / ${at} rw - ${type} x rw\n`;

function guardOf(own: string, { self = '', root, namespace = 'mnt:[2]' }: { self?: string; root?: string; namespace?: string } = {}) {
  const answer = (source: string, value: string | undefined): Answer<string> => ({ at: 0, source, ...(value === undefined ? { errno: 'ENOENT' } : { value }) });
  const files: Record<string, string> = { '/proc/7/mountinfo': own, '/proc/self/mountinfo': self };
  const links: Record<string, string | undefined> = { '/proc/7/root': root, '/proc/7/ns/mnt': namespace, '/proc/self/ns/mnt': 'mnt:[1]' };
  const guard = pathGuard({ read: (path) => answer(path, files[path]), readlink: (path) => answer(path, links[path]) });
  return (path: string, isWay = false): string => {
    try {
      if (isWay) guard.checkWayTo(7, path);
      else guard.check(7, path);
      return 'asked';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
  };
}

describe('paths that our own thread may ask for', () => {
  it('are none on, or below, a file system that may not answer, whatever is mounted there', () => {
    const ask = guardOf(mount('/', 'ext4') + mount('/a', 'fuse') + mount('/a/b', 'ext4') + mount('/n\\040x', 'nfs4') + mount('/auto', 'autofs'));
    expect(['/', '/ab', '/n', '/a', '/a/b', '/a/b/c', '/n x/y', '/auto/z'].map((path) => ask(path))).toEqual(['asked', 'asked', 'asked', ...Array(5).fill('EREMOTE')]);
  });

  it('the way to a mount counts what lies above it and under it, not itself', () => {
    const ask = guardOf(mount('/', 'ext4') + mount('/a', 'fuse') + mount('/a/b', 'fuse') + mount('/auto', 'autofs') + mount('/auto', 'fuse.sshfs'));
    expect(['/a', '/a/b', '/auto'].map((path) => ask(path, true))).toEqual(['asked', 'EREMOTE', 'EREMOTE']);
    expect(guardOf(mount('/', 'fuse'))('/', true)).toBe('asked');
  });

  it('of a chroot are known where it shares our mounts, and are none otherwise', () => {
    const self = mount('/', 'ext4') + mount('/srv/fuse', 'fuse');
    const shared = { self, namespace: 'mnt:[1]' };
    expect(guardOf('', { ...shared, root: '/srv/root' })('/etc')).toBe('asked');
    expect(guardOf('', { ...shared, root: '/srv/fuse/root' })('/etc')).toBe('EREMOTE');
    expect(guardOf('', { self, root: '/srv/root' })('/etc')).toBe('EREMOTE');
    expect(guardOf('', { self })('/')).toBe('EREMOTE');
  });
});
