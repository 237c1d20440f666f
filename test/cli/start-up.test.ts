/** What can be wrong with the tool itself: not built, on an old Node, out of descriptors. */
import { execFile } from 'node:child_process';
import { chownSync, cpSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openFds } from '../live/support/kernel.ts';
import { plainEnv } from '../live/support/child.ts';
import { describeNeeds, findProgram } from '../live/support/need.ts';
import { ownFolder } from '../live/support/program.ts';
import { reportOf } from './support/look.ts';
import { BINARY } from './support/start.ts';

const run = promisify(execFile);

interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

async function said(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
  try {
    return { code: 0, ...(await run(command, args, { env: plainEnv(env), cwd: '/' })) };
  } catch (error) {
    return error as Said;
  }
}

it('not built (npm ci --ignore-scripts): says how to build, exit 2', async () => {
  const folder = ownFolder('unbuilt');
  const root = join(BINARY, '../..');
  for (const part of ['bin', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  expect(await said(process.execPath, [join(folder, 'bin/reloadctl.js'), 'fds', '1'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'reloadctl: not built (dist/ is missing). Build it: npm run build\n',
  });
});

describe('compiled code', () => {
  const kept = (folder: string): string[] => readdirSync(join(folder, 'dist')).filter((name) => name.endsWith('.v8'));

  /** A package of its own that was never run. */
  function freshPackage(name: string): { folder: string; look: (...args: string[]) => Promise<Said>; inode: () => number } {
    const folder = ownFolder(name);
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(BINARY, '../..', part), join(folder, part), { recursive: true, filter: (path) => !/\.v8|reloadctl-linux/.test(path) });
    }
    const look = (...args: string[]): Promise<Said> => said(process.execPath, [join(folder, 'bin/reloadctl.js'), ...(args.length > 0 ? args : ['fds', String(process.pid)]), '--fail-on', 'never', '--quiet']);
    return { folder, look, inode: () => statSync(join(folder, 'dist', kept(folder)[0]!)).ino };
  }

  it('is kept beside the program by the first look, and used by the second', async () => {
    const { folder, look, inode } = freshPackage('compiled');
    const first = await look();
    expect([first.code, first.stderr]).toEqual([0, '']);
    const [name, ...more] = kept(folder);
    expect([name, more]).toEqual([expect.stringContaining(`-${process.version}-${process.arch}.v8`), []]);
    const ino = inode();
    expect(await look()).toMatchObject({ code: 0, stderr: '' });
    expect(inode()).toBe(ino);
  });

  it('that is of no use is made anew', async () => {
    const { folder, look, inode } = freshPackage('useless');
    await look();
    writeFileSync(join(folder, 'dist', kept(folder)[0]!), 'no code at all');
    const ino = inode();
    for (const isSame of [false, true]) {
      const before = inode();
      expect(await look()).toMatchObject({ code: 0, stderr: '' });
      expect(inode() === before).toBe(isSame);
    }
    expect(inode()).not.toBe(ino);
  });

  it('is of use to the second look also when the first, at much, has changed how code is compiled', async () => {
    const { folder, look, inode } = freshPackage('large');
    const dump = join(folder, 'dump.txt');
    writeFileSync(dump, Array.from({ length: 15_000 }, (_, id) => `goroutine ${id + 1} [select]:\nmain.work(0xc000${id})\n\t/src/app/main.go:${id % 9} +0x1\n\n`).join(''));
    expect(statSync(dump).size).toBeGreaterThan(1024 * 1024);
    expect(await look('goroutines', dump)).toMatchObject({ code: 0, stderr: '' });
    const ino = inode();
    await look('goroutines', dump);
    expect(inode()).toBe(ino);
  });

  it.runIf(process.geteuid?.() === 0)('is kept by nobody but the owner of the folder', async () => {
    const { folder, look } = freshPackage('of-another');
    chownSync(join(folder, 'dist'), 12345, 12345);
    expect(await look()).toMatchObject({ code: 0, stderr: '' });
    expect(kept(folder)).toEqual([]);
  });
});

it('an old Node: says which is needed, exit 2', async () => {
  const preload = join(ownFolder('old-node'), 'old.cjs');
  writeFileSync(preload, "Object.defineProperty(process.versions, 'node', { value: '18.20.1' });\n");
  const ended = await said(process.execPath, ['-r', preload, BINARY, 'fds', '1']);
  expect([ended.code, ended.stderr]).toEqual([2, 'reloadctl: needs Node >= 20.19, this is 18.20.1\n']);
});

/** Node with these arguments, and at most `limit` descriptors. */
function limited(limit: number, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
  return said(findProgram('prlimit')!, [`--nofile=${limit}:${limit}`, process.execPath, ...args], env);
}

describeNeeds(['prlimit'], 'out of descriptors itself', () => {
  it('from the lowest limit on that lets Node start: an answer, or exit 3 and what to do', async () => {
    const seen = new Set<number>();
    for (let limit = 20; limit <= 44; limit += 4) {
      const { code, stderr } = await limited(limit, [BINARY, 'fds', String(process.pid), '--fail-on', 'never']);
      // Below some limit Node itself cannot start, or cannot open the script.
      if (!/reloadctl: /.test(stderr) && code !== 0 && code !== 3) continue;
      seen.add(code);
      expect([0, 3]).toContain(code);
      expect(stderr).not.toMatch(/\n {4}at |bug in reloadctl/);
      if (code === 3 && stderr !== '') expect(stderr).toMatch(/^reloadctl: .*EMFILE.*ulimit -n/);
    }
    expect([...seen].sort()).toEqual([0, 3]);
  });

  it('none left when the look begins: sees what needs none, says what does', async () => {
    const eater = join(ownFolder('eater'), 'eat.mjs');
    // geteuid is asked when all is loaded, right before the look; a few are left for the renderer, too few for a child with pipes.
    writeFileSync(
      eater,
      `import { closeSync, openSync } from 'node:fs';
const geteuid = process.geteuid.bind(process);
process.geteuid = () => {
  const taken = [];
  try { for (;;) taken.push(openSync('/dev/null')); } catch {}
  for (const fd of taken.slice(-3)) closeSync(fd);
  return geteuid();
};
`,
    );
    const target = process.pid;
    const ended = await limited(200, ['--import', eater, BINARY, 'fds', String(target), '--json'], { RELOADCTL_NO_NATIVE: '1' });
    expect([ended.code, ended.stderr]).toEqual([3, '']);
    const report = reportOf({ ...ended, signal: null, durationMs: 0, timedOut: false });
    expect(report.verdict).toBe('inconclusive');
    // The pipes of this very run come and go in this process.
    expect(Math.abs((report.data.open ?? 0) - openFds(target).length)).toBeLessThan(10);
    // A child is needed for the fdinfo of epoll instances, and for no file of a local file system.
    expect(report.coverage).toContainEqual(expect.objectContaining({ needed: true, detail: expect.stringContaining('free descriptors') }));
  });

  it('never takes a process for gone because of that', async () => {
    const eater = join(ownFolder('eater'), 'eat-all.mjs');
    writeFileSync(
      eater,
      `import { openSync } from 'node:fs';
const geteuid = process.geteuid.bind(process);
process.geteuid = () => {
  try { for (;;) openSync('/dev/null'); } catch {}
  return geteuid();
};
`,
    );
    const ended = await limited(200, ['--import', eater, BINARY, 'fds', String(process.pid)]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).not.toMatch(/no such process|\n {4}at |bug in reloadctl/);
  });
});
