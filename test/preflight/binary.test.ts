/** argv[0], resolved as the program would, in a made-up file system. */
import { describe, expect, it } from 'vitest';
import type { ByteString, Evidence, FileStat, PathLook } from '../../src/evidence/types.ts';
import { CoverageLog } from '../../src/kernel/coverage.ts';
import { resolveInRoot } from '../../src/kernel/in-root.ts';
import { readProcess } from '../../src/kernel/process.ts';
import { readBinary } from '../../src/preflight/binary.ts';
import type { Binary } from '../../src/preflight/model.ts';
import { firstArgument, knownProgram } from '../../src/preflight/programs.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { fileStat, worldOf } from '../support/fake-process.ts';

/** By path: a stat, or where a link leads. */
type Files = Record<string, Partial<FileStat> | string>;

function questions(files: Files): NonNullable<Evidence['inotify']> {
  const lookInRoot = (_pid: number, path: ByteString): { value?: PathLook; errno?: string; at: number; source: string } => {
    const at = { at: 0, source: path };
    const parents = path.split('/').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    if (parents.some((parent) => typeof files[parent] === 'string')) return { errno: 'ELOOP', ...at };
    const found = files[path];
    if (found === undefined) return { errno: 'ENOENT', ...at };
    return { value: typeof found === 'string' ? { stat: fileStat(), link: found } : { stat: fileStat({ mode: 0o100755, ...found }) }, ...at };
  };
  return { lookInRoot } as unknown as NonNullable<Evidence['inotify']>;
}

async function binaryOf(cmdline: string, files: Files, { exe = '/usr/sbin/nginx', cwd = '/', path = '/usr/sbin:/bin' } = {}): Promise<Binary> {
  const world = worldOf({ pid: 42, exe, environ: { PATH: path } });
  world.files['/proc/42/cmdline'] = cmdline;
  world.links['/proc/42/cwd'] = cwd;
  world.stats['/proc/42/exe'] = fileStat({ ino: '500' });
  const evidence: Evidence = { ...fakeEvidence(world), inotify: questions(files) };
  const process = readProcess(evidence, 42)!;
  return readBinary(evidence, process, knownProgram(process), new CoverageLog());
}

const NGINX: Files = { '/usr/sbin/nginx': { ino: '500' } };

describe('argv[0]', () => {
  it.each([
    ['nginx: master process nginx -c n.conf', 'nginx'],
    ['nginx: master process /usr/sbin/nginx', '/usr/sbin/nginx'],
    ['nginx: worker process', undefined],
    ['postgres: checkpointer ', undefined],
    ['/usr/bin/python3\0app.py\0', '/usr/bin/python3'],
    ['', undefined],
    // setproctitle: one text, and what was behind it is filled with NULs or blanks.
    ['puma 5.6.5 (tcp://127.0.0.1:8600) [pu]\0\0\0\0', undefined],
    ['redis-server 127.0.0.1:6390\0', undefined],
    ['/opt/My App/server\0', '/opt/My App/server'],
    ['/opt/other app\0-x\0', '/opt/other app'],
  ])('of %j is %j', (cmdline, expected) => {
    expect(firstArgument(cmdline, '/opt/My App/server (deleted)')).toBe(expected);
  });
});

describe('what nginx would start', () => {
  it('by a bare name: only what lies in its working directory, whatever PATH says', async () => {
    const missing = await binaryOf('nginx: master process nginx\0', NGINX);
    expect(missing).toMatchObject({ argument: 'nginx', by: 'cwd', found: { path: '/nginx', errno: 'ENOENT' } });
    expect(missing.inPath).toBeUndefined();
    expect(await binaryOf('nginx: master process nginx\0', { '/srv/nginx': { ino: '500' } }, { cwd: '/srv' })).toMatchObject({ found: { path: '/srv/nginx' }, executable: true, same: true });
  });

  it('by its whole path: that, through links; replaced is told', async () => {
    expect(await binaryOf('nginx: master process /usr/sbin/nginx\0', NGINX)).toMatchObject({ by: 'path', same: true, executable: true });
    const linked = await binaryOf('nginx: master process /opt/nginx\0', { '/opt/nginx': 'v2/nginx', '/opt/v2/nginx': { ino: '501' }, '/opt': {}, '/opt/v2': {} });
    expect(linked).toMatchObject({ by: 'path', same: false, found: { path: '/opt/v2/nginx', links: [{ path: '/opt/nginx', to: 'v2/nginx' }] } });
  });

  it('without execute bit, or a directory: none', async () => {
    expect(await binaryOf('/usr/sbin/nginx\0', { '/usr/sbin/nginx': { mode: 0o100644 } })).toMatchObject({ executable: false });
    expect(await binaryOf('/usr/sbin/nginx\0', { '/usr/sbin/nginx': { mode: 0o040755 } })).toMatchObject({ executable: false });
  });

  it('from a working directory that was removed: nothing', async () => {
    const gone = await binaryOf('nginx: master process nginx\0', NGINX, { cwd: '/srv/old (deleted)' });
    expect(gone).toMatchObject({ by: 'cwd', cwd: '/srv/old (deleted)' });
    expect(gone.found).toBeUndefined();
  });
});

describe('what others would start', () => {
  it('haproxy looks into PATH', async () => {
    const files = { '/usr/sbin/haproxy': { ino: '500' } };
    expect(await binaryOf('haproxy\0-W\0', files, { exe: '/usr/sbin/haproxy' })).toMatchObject({ by: 'search', found: { path: '/usr/sbin/haproxy' }, executable: true });
    expect((await binaryOf('haproxy\0-W\0', files, { exe: '/usr/sbin/haproxy', path: '/bin' })).found).toBeUndefined();
  });

  it('a program that is not known: both are told', async () => {
    expect(await binaryOf('server\0', { '/bin/server': {} }, { exe: '/bin/server' })).toMatchObject({ by: 'cwd', found: { errno: 'ENOENT' }, inPath: '/bin/server' });
  });

  it('a PATH that is a pseudonym is not searched', async () => {
    expect((await binaryOf('server\0', {}, { exe: '/bin/server', path: '0123456789abcdef' })).inPath).toBeUndefined();
  });
});

describe('links', () => {
  it('that lead in a circle end', () => {
    expect(resolveInRoot(questions({ '/a': '/b', '/b': '/a' }), 1, '/a')).toMatchObject({ errno: 'ELOOP' });
  });

  it('are followed below the root of the process, also in the middle and upwards', () => {
    const files: Files = { '/bin': 'usr/bin', '/usr': {}, '/usr/bin': {}, '/usr/bin/app': '../lib/app', '/usr/lib': {}, '/usr/lib/app': { ino: '9' } };
    expect(resolveInRoot(questions(files), 1, '/bin/app')).toMatchObject({ path: '/usr/lib/app', stat: { ino: '9' }, links: [{ path: '/bin' }, { path: '/usr/bin/app' }] });
  });

  it('cannot be asked without native calls', () => {
    expect(resolveInRoot(undefined, 1, '/bin/app')).toMatchObject({ errno: 'ENOTSUP' });
  });
});
