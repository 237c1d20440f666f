import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { need } from '../live/support/need.ts';
import { type RunOptions, reloadctl } from '../live/support/program.ts';

interface Row {
  name: string;
  status: string;
  detail: string;
  fix?: string;
}

async function rowsOf(options: RunOptions = {}): Promise<Map<string, Row>> {
  const { code, stdout, stderr } = await reloadctl(['doctor', '--json'], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { data } = JSON.parse(stdout) as { data: { capabilities: Row[] } };
  return new Map(data.capabilities.map((row) => [row.name, row]));
}

describe('doctor', () => {
  it('tells what is so here', async () => {
    const rows = await rowsOf();
    expect(rows.get('kernel')?.detail).toContain(release());
    expect(rows.get('Node')?.detail).toContain(process.version);
    expect(rows.get('cat and stat')?.status).toBe('ok');
    expect(rows.get('user')?.detail).toContain(process.geteuid!() === 0 ? 'root' : `uid ${process.geteuid!()}`);
    const held = (BigInt(`0x${/^CapEff:\t(\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))![1]}`) >> 19n) & 1n;
    expect(rows.get('CAP_SYS_PTRACE')?.status).toBe(held === 1n ? 'ok' : 'denied');
    expect(rows.get('programs')?.detail.includes('found: strace')).toBe(existsSync('/usr/bin/strace'));
  });

  it('tells what is missing without native calls', async () => {
    const rows = await rowsOf({ env: { RELOADCTL_NO_NATIVE: '1' } });
    for (const name of ['sock_diag', 'kcmp', 'pidfd_getfd'])
      expect(rows.get(name)).toMatchObject({ status: 'unsupported', fix: expect.stringContaining('koffi') });
  });

  it.skipIf(!need('root'))('tells a user what sudo would give', async () => {
    const rows = await rowsOf({ uid: 65534, cwd: '/' });
    expect(rows.get('user')?.detail).toContain('uid 65534');
    expect(rows.get('CAP_SYS_PTRACE')).toMatchObject({ status: 'denied', fix: 'sudo reloadctl ...' });
    expect(rows.get('other rights')?.status).toBe('denied');
  });

  it('prints a table, and the fixes below it', async () => {
    const { code, stdout } = await reloadctl(['doctor'], { env: { RELOADCTL_NO_NATIVE: '1' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\| CAPABILITY +\| STATUS +\| HERE +\|$/m);
    expect(stdout).toMatch(/^\| kcmp +\| unsupported +\|/m);
    expect(stdout).toMatch(/^ {2}kcmp {2}unsupported: .*\n {4}fix: npm install koffi/m);
  });
});
