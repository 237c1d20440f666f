/** Readers that go away and disks that are full: no trace, and the exit code stays what it was. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { plainEnv, startChild } from '../live/support/child.ts';
import { describeNeeds, findProgram } from '../live/support/need.ts';
import { ownFolder } from '../live/support/program.ts';
import { BINARY } from './support/start.ts';

const run = promisify(execFile);
const FULL = 'reloadctl: stdout: cannot be written: no space left on its device (ENOSPC)\ncode 2\n';
const SELF = String(process.pid);

/** Runs `script` in bash, where `R` is reloadctl; what it printed. */
async function bash(script: string): Promise<string> {
  const command = `R() { '${process.execPath}' '${BINARY}' "$@"; }; ${script}`;
  const { stdout } = await run(findProgram('bash')!, ['-c', command], { env: plainEnv() });
  return stdout;
}

describeNeeds(['bash'], 'nobody reads stdout', () => {
  // The reader ends before Node has even started, so that the first write finds nobody.
  it.each([['--help'], ['fds --help'], ['help fds'], ['-V'], ['schema'], ['explain'], [`fds ${SELF} --fail-on never --json`]])('%s', async (args) => {
    expect(await bash(`exec 3>&1; { R ${args} 2>&3; echo "code $?" >&3; } | true`)).toBe('code 0\n');
  });
});

describeNeeds(['bash'], 'nobody reads stderr', () => {
  it('keeps 2 for bad usage and 3 for what is not there', async () => {
    const ended = await startChild('true', []);
    await ended.ended;
    for (const [args, code] of [['fds', 2], ['fds --bogus', 2], ['nonsense', 2], [`fds ${ended.pid}`, 3]] as const) {
      expect(await bash(`exec 3>&1; { R ${args} 2>&1 >/dev/null; echo "code $?" >&3; } | true`), args).toBe(`code ${code}\n`);
    }
  });

  it('--mark, which has much to say, ends as it would', async () => {
    const code = await bash(`exec 3>&1; sleep 60 >/dev/null & P=$!; { printf '\\n\\n' | R fds $P --mark --settle 300ms 2>&1 >/dev/null; echo "code $?" >&3; } | true; kill $P`);
    expect(code).toBe('code 0\n');
  });
});

describeNeeds(['bash'], 'no room for stdout', () => {
  it.each([['--help'], ['-V'], ['fds --help'], ['schema'], ['explain'], ['explain fd/growth'], ['doctor'], [`fds ${SELF}`], [`fds ${SELF} --json`]])(
    '%s: one line, exit 2',
    async (args) => {
      const said = await bash(`R ${args} 2>&1 >/dev/full; echo "code $?"`);
      expect(said).toBe(FULL);
    },
  );
});

describeNeeds(['bash', 'root', 'unshare', 'mount'], 'a disk that fills up', () => {
  it('while the output is written: said, not cut in silence', async () => {
    const folder = ownFolder('full');
    const script = `mount -t tmpfs -o size=8k none '${folder}'; '${process.execPath}' '${BINARY}' schema 2>&1 >'${folder}/x'; echo "code $?"`;
    const { stdout } = await run(findProgram('unshare')!, ['-m', findProgram('bash')!, '-c', script], { env: plainEnv() });
    expect(stdout).toBe(FULL);
  });
});
