import { describe, expect, it } from 'vitest';
import type { CommandContext, ReportOutcome } from '../../src/command.ts';
import { fdRules } from '../../src/fds/rules/index.ts';
import { runTop, type TopRow } from '../../src/fds/top.ts';
import type { Coverage, Finding } from '../../src/report/types.ts';
import { report, text } from '../render/support.ts';
import { fakeEvidence, refused, type World } from '../support/fake-evidence.ts';
import { type FakeProcess, worldOf } from '../support/fake-process.ts';

interface Top {
  rows: TopRow[];
  findings: Finding[];
  coverage: Record<string, Coverage>;
  shown: string;
}

const noneOf = (): never => {
  throw new Error('not asked for here');
};

async function lookAtAll(world: World, options: { all?: boolean; isRoot?: boolean } = {}): Promise<ReportOutcome> {
  const context: CommandContext = {
    evidence: fakeEvidence(world),
    rules: fdRules,
    signal: new AbortController().signal,
    rerun: 'reloadctl fds --top',
    isRoot: options.isRoot ?? false,
    say: () => {},
    progress: () => {},
    stdin: noneOf,
    replay: noneOf,
  };
  const outcome = await runTop(context, { all: options.all ?? false });
  if (outcome.kind !== 'report') throw new Error('no report');
  return outcome;
}

async function top(world: World, options: { all?: boolean; isRoot?: boolean } = {}): Promise<Top> {
  const outcome = await lookAtAll(world, options);
  const { processes } = outcome.data as { processes: TopRow[] };
  const coverage = Object.fromEntries(outcome.coverage.map((line) => [line.source, line]));
  return { rows: processes, findings: outcome.findings, coverage, shown: await text(report(), [...outcome.body()]) };
}

/** Processes whose count everybody may read, and whose numbers nobody. */
function counted(...processes: FakeProcess[]): ReturnType<typeof worldOf> {
  const world = worldOf(...processes);
  for (const { pid } of processes) world.lists[`/proc/${pid}/fd`] = refused('EACCES');
  return world;
}

const sized = (pid: number, size: number, soft = '1024', more: Partial<FakeProcess> = {}): FakeProcess => ({
  pid,
  size,
  soft,
  comm: `p${pid}`,
  ...more,
});

describe('fds --top', () => {
  it('orders by share of the own limit, then by count', async () => {
    const { rows, coverage } = await top(
      counted(sized(10, 100), sized(11, 60, '64'), sized(12, 5000, 'unlimited'), sized(13, 200), sized(14, 70, 'unlimited')),
    );
    expect(rows.map(({ pid, open, soft, ratio }) => [pid, open, soft, ratio])).toEqual([
      [11, 60, 64, 0.9375],
      [13, 200, 1024, 200 / 1024],
      [10, 100, 1024, 100 / 1024],
      [12, 5000, null, null],
      [14, 70, null, null],
    ]);
    expect(coverage['descriptor counts']).toMatchObject({ status: 'ok', seen: 5, total: 5 });
  });

  it('reads the status of those it tells of, and of all for the data', async () => {
    const processes = Array.from({ length: 60 }, (_, index) => sized(index + 100, index + 1));
    const world = counted(...processes);
    const asked = new Set<number>();
    for (const { pid } of processes) {
      const file = `/proc/${pid}/status`;
      const text = world.files![file] as string;
      world.files![file] = () => {
        asked.add(pid);
        return text;
      };
    }
    const outcome = await lookAtAll(world);
    await text(report(), [...outcome.body()]);
    expect([...asked].sort((a, b) => b - a)).toEqual(processes.map(({ pid }) => pid).reverse().slice(0, 20));
    expect((outcome.data as { processes: TopRow[] }).processes).toHaveLength(60);
    expect(asked.size).toBe(60);
  });

  it('needs no right but to read what everybody may', async () => {
    const world = worldOf(sized(10, 100), sized(11, 0));
    for (const pid of [10, 11]) {
      world.lists[`/proc/${pid}/fd`] = refused('EACCES');
      world.links[`/proc/${pid}/exe`] = refused('EACCES');
    }
    const { rows, coverage } = await top(world);
    expect(rows.map(({ pid, open }) => [pid, open])).toEqual([
      [10, 100],
      [11, 0],
    ]);
    expect(coverage['descriptor counts']).toMatchObject({ status: 'ok' });
  });

  it('says unknown, never 0, on a kernel that does not tell', async () => {
    const world = worldOf(sized(10, 0), sized(11, 0, '64', { fds: { 0: '/dev/null' } }));
    world.sizes['/proc/self/fd'] = 0;
    world.lists['/proc/10/fd'] = refused('EACCES');
    const { rows, coverage, shown } = await top(world);
    expect(rows.map(({ pid, open, ratio }) => [pid, open, ratio])).toEqual([
      [11, 1, 1 / 64],
      [10, null, null],
    ]);
    expect(coverage['descriptor counts']).toMatchObject({
      status: 'partial',
      seen: 1,
      total: 2,
      needed: true,
      fix: 'sudo reloadctl fds --top',
    });
    expect(shown).toMatch(/10\s+unknown\s+1,024\s+-\s+256\s+p10/);
  });

  it('does not call unlimited what it could not read', async () => {
    const world = worldOf(sized(10, 100), sized(11, 5, 'unlimited'));
    delete world.files['/proc/10/limits'];
    const { rows, shown } = await top(world);
    expect(rows.map(({ pid, limitUnknown }) => [pid, limitUnknown])).toEqual([
      [10, true],
      [11, undefined],
    ]);
    expect(shown).toMatch(/10\s+100\s+unknown/);
    expect(shown).toMatch(/11\s+5\s+unlimited/);
  });

  it('leaves out what ended while it was read', async () => {
    const world = worldOf(sized(10, 100), sized(11, 5));
    for (const path of ['stat', 'limits']) delete world.files[`/proc/11/${path}`];
    delete world.sizes['/proc/11/fd'];
    delete world.lists['/proc/11/fd'];
    const { rows, coverage } = await top(world);
    expect(rows.map(({ pid }) => pid)).toEqual([10]);
    expect(coverage['descriptor counts']).toMatchObject({ status: 'ok', seen: 1, total: 1 });
  });

  it('knows kernel threads by pid 2 only where that is their parent', async () => {
    const hidden = (world: ReturnType<typeof worldOf>): ReturnType<typeof worldOf> => {
      world.sizes['/proc/self/fd'] = 0;
      world.lists['/proc/9/fd'] = refused('EACCES');
      return world;
    };
    const host = await top(hidden(worldOf({ pid: 2, ppid: 0, kernelThread: true }, { pid: 9, ppid: 2, kernelThread: true })));
    expect(host.rows.find(({ pid }) => pid === 9)?.open).toBe(0);
    const container = await top(hidden(worldOf({ pid: 2, ppid: 1 }, { pid: 9, ppid: 2 })));
    expect(container.rows.find(({ pid }) => pid === 9)?.open).toBeNull();
  });

  it('finds those near their limit', async () => {
    const { findings } = await top(counted(sized(10, 100), sized(11, 1000), sized(12, 64, '64')));
    expect(findings.map(({ id, severity, subject }) => [id, severity, subject.pid])).toContainEqual(['fd/near-limit', 'critical', 12]);
    expect(findings.every(({ subject }) => subject.pid !== 10)).toBe(true);
  });

  it('does not count numbers above a limit that was lowered, where it may list them', async () => {
    const fds = Object.fromEntries([0, 1, 2, ...Array.from({ length: 62 }, (_, index) => 300 + index)].map((fd) => [fd, '/dev/null']));
    const world = worldOf(sized(10, 100), sized(11, 65, '64', { fds }));
    const { findings, rows, shown } = await top(world);
    expect(findings).toEqual([]);
    expect(rows.map(({ pid, ratio, belowLimit }) => [pid, ratio, belowLimit])).toEqual([
      [10, 100 / 1024, undefined],
      [11, 65 / 64, 3],
    ]);
    expect(shown).toMatch(/11\s+65\s+64\s+4\.7%/);
    world.lists['/proc/11/fd'] = refused('EACCES');
    const blind = await top(world);
    expect(blind.findings.map(({ id, title }) => [id, title])).toEqual([['fd/near-limit', 'p11 (pid 11) seems to have no descriptor left: 65 open, limit 64']]);
    expect(blind.rows[0]).not.toHaveProperty('belowLimit');
  });

  it('does not print an empty list when we are out of descriptors ourselves', async () => {
    const world = worldOf(sized(10, 100));
    for (const path of Object.keys(world.files)) world.files[path] = refused('EMFILE');
    await expect(top(world)).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining('EMFILE') });
  });

  it('is no empty list without /proc', async () => {
    const world = worldOf();
    delete world.files['/proc/self/stat'];
    await expect(top(world)).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining('/proc cannot be read') });
  });

  it('says that others are hidden, unless we are root', async () => {
    const world = worldOf(sized(10, 100));
    world.files['/proc/self/mountinfo'] = '24 30 0:22 / /proc rw,nosuid - proc proc rw,hidepid=invisible\n';
    expect((await top(world)).coverage.processes).toMatchObject({ status: 'partial', needed: true, fix: 'sudo reloadctl fds --top' });
    expect((await top(world, { isRoot: true })).coverage.processes).toBeUndefined();
    world.files['/proc/self/mountinfo'] = '24 30 0:22 / /proc rw,nosuid - proc proc rw,hidepid=off\n';
    expect((await top(world)).coverage.processes).toBeUndefined();
  });

  it('shows twenty that have something open, or all', async () => {
    const world = worldOf(
      ...Array.from({ length: 30 }, (_, index) => sized(100 + index, index + 1)),
      sized(500, 0, '1024', { comm: 'none' }),
    );
    const short = (await top(world)).shown;
    expect(short).toContain('and 11 more processes (--all)');
    expect(short).not.toContain('none');
    expect(short).toContain('reloadctl fds 129');
    expect((await top(world, { all: true })).shown).toContain('none');
  });
});
