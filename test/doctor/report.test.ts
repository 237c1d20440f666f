import { describe, expect, it } from 'vitest';
import type { CommandContext, ReportOutcome } from '../../src/command.ts';
import { run } from '../../src/doctor/command.ts';
import { verdictOf } from '../../src/report/index.ts';
import { evidenceOf, type Host, status, wholeHost } from './host.ts';

describe('the report of doctor', () => {
  async function reportOf(change: (host: Host) => void): Promise<ReportOutcome> {
    const host = wholeHost();
    change(host);
    return (await run([], {}, { evidence: evidenceOf(host) } as CommandContext)) as ReportOutcome;
  }

  it('passes with less than everything', async () => {
    const { coverage, data } = await reportOf((host) => {
      host.files['/proc/self/status'] = status({ euid: 1000, caps: '0' });
      host.sockDiag = { errno: 'ENOTSUP' };
    });
    expect(verdictOf([], coverage, 'critical')).toBe('pass');
    expect(coverage.find((row) => row.source === 'sock_diag')).toMatchObject({
      status: 'unsupported',
      needed: false,
      fix: expect.stringContaining('koffi'),
    });
    expect((data as { capabilities: unknown[] }).capabilities).toHaveLength(coverage.length);
  });

  it('is inconclusive without /proc', async () => {
    const { coverage } = await reportOf((host) => (host.files = {}));
    expect(verdictOf([], coverage, 'critical')).toBe('inconclusive');
  });

  it('shows every capability in a table of at most 79 columns of ASCII', async () => {
    const outcome = await reportOf((host) => (host.files['/proc/sys/kernel/osrelease'] = `6.1.0-\x1b[31m${'very-long-'.repeat(20)}\n`));
    const [block] = outcome.body();
    if (block?.type !== 'preformatted') throw new Error('no table');
    const lines = block.text.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(79);
    expect(block.text).toMatch(/^[\n -~]+$/);
    for (const name of ['kernel', 'CAP_SYS_PTRACE', 'cat and stat', 'programs']) expect(block.text).toContain(`| ${name} `);
  });
});
