/** The whole page about programs whose health is known: busy and well, nothing above `info`; with one planted fault, that fault first. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { IncidentData } from '../../src/incident/types.ts';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { AT_WORK_NEEDS, type AtWork, etcdAtWork, goLockedUp, nginxAtWork, nodeAtFifos, postgresAtWork, redisAtWork } from './support/at-work.ts';
import { startChild } from './support/child.ts';
import { startGo } from './support/go.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl, type RunOptions, startNode } from './support/program.ts';

const validate = compileSchema();
/** Twelve look at once, on a machine that others use, too. */
const PATIENCE_MS = 150_000;

interface Seen {
  code: number | null;
  report: Report<IncidentData>;
  alarms: string[];
  stderr: string;
}

async function report(args: (string | number)[], options: RunOptions = {}): Promise<Seen> {
  const { code, stdout, stderr } = await reloadctl(['report', ...args.map(String), '--json'], { timeoutMs: PATIENCE_MS, ...options });
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/s);
  const parsed = JSON.parse(stdout) as Report<IncidentData>;
  validate(parsed);
  expect(validate.errors).toBeNull();
  return { code, report: parsed, stderr, alarms: parsed.findings.filter(({ severity }) => severity !== 'info').map(({ id, severity, title }) => `${severity} ${id}: ${title}`) };
}

interface SeenTwice extends Seen {
  tape: string;
}

/**
 * What is told of it, live and on a tape of the same time with all names, in one order. Who was turned away meanwhile is counted for the whole
 * host, on which other tests run.
 */
const told = ({ report: { findings } }: Seen): string[] => findings.filter(({ id }) => id !== 'listen/overflows').map(({ id, severity, confidence, subject }) => `${severity} ${id} ${confidence} ${subject.kind}`);
const groupsIn = ({ report: { data } }: Seen): string[] => data.parts.fds!.groups.map(({ kind, count }) => `${count} ${kind}`).sort();
const countsIn = ({ report: { data: { parts } } }: Seen): object => ({ listeners: parts.listen?.listeners.length, instances: parts.inotify?.instances.length });

async function recordedWith(args: string[]): Promise<string> {
  const tape = join(ownFolder('tape'), 'sick.rctl');
  const { code, stderr } = await reloadctl(['record', ...args, '-q', '-o', tape], { timeoutMs: PATIENCE_MS });
  expect(code, stderr).toBe(0);
  return tape;
}

async function seenTwice({ args }: AtWork): Promise<SeenTwice> {
  const [live, tape] = await Promise.all([report(args), recordedWith([...args, '--full'])]);
  return { ...live, tape };
}

/** Well before, where it was; sick, and nothing before that; the same on a tape, with names and without. */
async function wellThenSick(server: AtWork): Promise<Seen | undefined> {
  const { name, args, plant, finds } = server;
  const well = plant && (await report(args));
  expect([name, well?.alarms, well?.report.verdict]).toEqual([name, plant && [], plant && 'pass']);
  await plant?.();
  const sick = await seenTwice(server);
  expect([name, sick.report.findings[0]?.id, sick.alarms.length > 0]).toEqual([name, finds, true]);
  const [full, shared] = await Promise.all([report(['--from', sick.tape]), recordedWith(['--from', sick.tape]).then((tape) => report(['--from', tape]))]);
  for (const seen of [full, shared]) {
    expect([name, told(seen)]).toEqual([name, told(sick)]);
    expect([name, groupsIn(seen), countsIn(seen)]).toEqual([name, groupsIn(sick), countsIn(sick)]);
    expect([name, seen.code, seen.report.verdict]).toEqual([name, sick.code, sick.report.verdict]);
    expect(seen.report.durationMs).toBeGreaterThan(1000);
  }
  return well;
}

describeNeeds(AT_WORK_NEEDS, 'report: programs at work', () => {
  it('nothing; and what is planted first; on tapes with names and without the same', { timeout: 4 * PATIENCE_MS }, async () => {
    const nginx = await nginxAtWork();
    const programs = [nginx, ...(await Promise.all([redisAtWork(), postgresAtWork(), etcdAtWork(), goLockedUp(), nodeAtFifos(4)]))];
    const well = await Promise.all(programs.map(wellThenSick));
    const [ofNginx, ofRedis, ofPostgres, ofEtcd] = well.map((seen) => seen?.report.data);
    expect(ofNginx!.joined.listeners).toEqual([expect.objectContaining({ port: nginx.port, generations: [expect.objectContaining({ pids: expect.arrayContaining([nginx.master]) })] })]);
    for (const data of [ofNginx!, ofRedis!, ofPostgres!]) expect(data.skipped.map(({ part }) => part)).toEqual(expect.arrayContaining(['goroutines', 'node']));
    expect(ofEtcd!.parts.goroutines).toHaveLength(1);
    await Promise.all(programs.map(({ stop }) => stop()));
  });
});

describeNeeds(['go'], 'report: a Go program', () => {
  it('at work: nothing, and its listener belongs to a place in its code', async () => {
    const { truth, stop } = await startGo('healthy', 50);
    const { alarms, report: well, code } = await report([truth.pid]);
    expect([alarms, code]).toEqual([[], 0]);
    expect(well.data.joined.holders.some(({ by, byState }) => by === 'goroutines' && (byState.LISTEN ?? 0) > 0)).toBe(true);
    await stop();
  });
});

it('report: a Node server at work: nothing; its handles are told to be had by a signal only', async () => {
  const { pid, stop } = await startNode('busy-server.mjs', ['connections=30', 'pause=2']);
  const { alarms, code, report: well } = await report([pid]);
  expect([alarms, code]).toEqual([[], 0]);
  expect(well.coverage.find(({ source }) => source === 'handles of Node')).toMatchObject({ status: 'absent', fix: `reloadctl node ${pid}`, needed: false });
  await stop();
});

it('report: a Node server that leaks: that first; each listed once', async () => {
  const { pid, stop } = await startNode('leak-server.mjs', ['count=40']);
  const { report: seen } = await report([pid]);
  expect(seen.findings.slice(0, 2).map(({ id }) => id).sort()).toContain('socket/close-wait');
  const names = seen.findings.map(({ id, subject, fingerprint }) => `${id} ${subject.key} ${fingerprint}`);
  expect(new Set(names).size).toBe(names.length);
  await stop();
});

describeNeeds(['python3'], 'report: who cannot be seen whole', () => {
  it('a process that ends in the middle: what was seen, and exit 3', async () => {
    const child = await startChild(PYTHON, ['-c', 'print("ready", flush=True)\nimport sys\nsys.stdin.read()']);
    await child.nextLine();
    const running = report([child.pid]);
    // The threads are looked at for two seconds: by then the descriptors have been seen.
    setTimeout(() => void child.stop(), 1200);
    const { code, report: seen, alarms } = await running;
    expect([code, alarms]).toEqual([3, []]);
    expect(seen.data.parts.fds?.open).toBeGreaterThan(2);
    expect(seen.coverage.find(({ source, needed }) => source === 'processes' && needed)).toMatchObject({ detail: expect.stringMatching(/ended|is gone/) });
  });

  it('no such process: exit 3', async () => {
    const gone = await reloadctl(['report', '4194303', '--json']);
    expect([gone.code, JSON.parse(gone.stdout).data.parts]).toEqual([3, {}]);
  });
});
