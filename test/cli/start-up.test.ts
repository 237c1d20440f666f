/** What can be wrong with the tool itself: not built, on an old Node, out of descriptors. */
import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
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
    const line = report.coverage.find(({ source }) => source === 'file types and sizes');
    expect(line).toMatchObject({ needed: true, detail: expect.stringContaining('free descriptors') });
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
