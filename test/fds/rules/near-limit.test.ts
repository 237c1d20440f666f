import { describe, expect, it } from 'vitest';
import { nearLimit } from '../../../src/fds/rules/near-limit.ts';
import { runRules } from '../../../src/report/index.ts';
import type { CgroupOrigin, Process } from '../../../src/kernel/types.ts';
import { fileFd, processOf, snapshotOf, tableOf, times } from '../../support/snapshot.ts';

const open = (count: number, process: Partial<Process> = {}, from = 0) => tableOf(process, times(count, (i) => fileFd(from + i, `/tmp/f${i}`)));
const find = (...tables: Parameters<typeof snapshotOf>[0]) => runRules([nearLimit], [snapshotOf(tables)]);
const limit = { soft: 100, hard: 4096 };

describe('fd/near-limit', () => {
  it.each([
    [79, undefined],
    [80, ['warning', 'likely']],
    [89, ['warning', 'likely']],
    [90, ['critical', 'likely']],
    [99, ['critical', 'likely']],
    [100, ['critical', 'certain']],
  ])('%i of 100', (count, expected) => {
    const [finding] = find(open(count, { limit }));
    expect(finding && [finding.severity, finding.confidence]).toEqual(expected);
  });

  it('judges the numbers below the limit, not the count', () => {
    expect(find(open(306, { limit }))[0]).toMatchObject({ severity: 'critical', confidence: 'certain', title: 'app (pid 42) has no descriptor left: 306 open, 100 of them below the limit, limit 100' });
    expect(find(open(150, { limit }, 70))).toEqual([]);
  });

  it('takes the count of the kernel when the table could not be listed', () => {
    const table = { process: processOf({ limit, open: 100 }), fds: [], errno: 'EACCES' };
    expect(find(table)[0]).toMatchObject({ severity: 'critical', confidence: 'likely', title: 'app (pid 42) seems to have no descriptor left: 100 open, limit 100' });
    expect(find({ ...table, process: processOf({ limit, open: null }) })).toEqual([]);
  });

  it('takes the numbers alone where these were listed', () => {
    const listed = (numbers: number[]) => find({ process: processOf({ limit, open: 100 }), fds: [], errno: 'not asked', numbers });
    expect(listed(times(100, (i) => i))[0]).toMatchObject({ severity: 'critical', confidence: 'certain', title: 'app (pid 42) has no descriptor left: 100 open, limit 100' });
    expect(listed(times(100, (i) => 50 + i))).toEqual([]);
  });

  it('is silent without a limit and in a sandbox', () => {
    expect(find(open(5000, { limit: { soft: null, hard: null } }))).toEqual([]);
    expect(find(open(5, { limit: { soft: 0, hard: 0 } }), open(5, { limit: { soft: 1, hard: 1 } }))).toEqual([]);
  });

  it('makes one finding of all workers', () => {
    const found = find(...times(8, (i) => open(90 + i, { pid: 50 + i, limit })), open(10, { pid: 49, limit }));
    expect(found).toHaveLength(1);
    expect(found[0]!.title).toBe('app (8 processes, worst pid 57) uses 97% of its descriptors: 97 open, limit 100');
    expect(found[0]!.remedy[0]!.command).toMatch(/^for p in 57 56 .* 50; do prlimit --pid "\$p" --nofile=256:4096; done$/);
  });

  it('never writes one hard limit over another', () => {
    const found = find(open(95, { pid: 1, limit }), open(94, { pid: 2, limit: { soft: 100, hard: 8192 } }));
    expect(found[0]!.remedy[0]!.command).toBe('prlimit --pid 1 --nofile=256:4096');
  });

  it('says what raising takes', () => {
    const commands = (soft: number, hard: number | null) => find(open(Math.ceil(soft * 0.95), { limit: { soft, hard } }))[0]!.remedy.map(({ command }) => command);
    expect(commands(100, null)).toContain('prlimit --pid 42 --nofile=256:');
    expect(commands(100, 100)).toContain('sudo prlimit --pid 42 --nofile=256:256');
    expect(commands(100, 100)[0]).toContain('sudo');
    expect(commands(100, 120).slice(0, 2)).toEqual(['prlimit --pid 42 --nofile=120:120', 'sudo prlimit --pid 42 --nofile=256:256']);
    expect(find(open(1000, { limit: { soft: 1024, hard: 4096 } }))[0]!.remedy[0]!.text).toContain('select()');
  });

  it.each<[CgroupOrigin | undefined, RegExp, string | undefined]>([
    [{ unit: 'my app;x.service', path: '/system.slice/x' }, /LimitNOFILE=256/, `systemctl edit 'my app;x.service'`],
    [{ unit: 'x.service', path: '/user.slice/user@1.service/x.service' }, /LimitNOFILE=256/, 'systemctl --user edit x.service'],
    [{ unit: 'session-3.scope', path: '/user.slice/session-3.scope' }, /ulimit -n 256/, undefined],
    [{ container: 'abc', path: '/docker/abc' }, /--ulimit nofile=256/, undefined],
    [{ container: 'abc', pod: 'def', path: '/kubepods/poddef/abc' }, /LimitNOFILE=256 .* start the pod/, undefined],
    [undefined, /not known/, undefined],
  ])('names the place the limit comes from: %o', (origin, text, command) => {
    const remedies = find(open(95, { limit, ...(origin && { origin }) }))[0]!.remedy;
    const lasting = remedies.filter((remedy) => remedy.text.startsWith('for good'));
    expect(lasting).toHaveLength(1);
    expect(lasting[0]!.command).toBe(command);
    expect(lasting[0]!.text).toMatch(text);
  });
});
