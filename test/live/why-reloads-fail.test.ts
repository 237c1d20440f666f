/** Every way in which the guide says that reloads fail: a program that does it is found, and the same program mended is left alone. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { type Child, startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { compile, ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { buildReloads, RELOADS } from './support/reloads.ts';

interface Case {
  name: string;
  /** File of fixtures/programs/reloads; `go`: of the one program there that has the name as its argument. */
  program: string;
  /** Run by `strace --`, to its end; else looked at while it waits. */
  traced?: true;
  /** Arguments of reloadctl, with what the program tells of itself. */
  look?: string[];
  finds: string;
  severity: 'info' | 'warning' | 'critical';
  /** How its tape is recorded, beside the pid: of what a watch shows, one look gives a hint. */
  recorded?: string[];
  /** Found beside it, and not, or as a note only, when it is mended. */
  also?: string[];
  /** What the program itself tells of the fault, broken and fixed. */
  says?: [string, string];
}

type Mode = 'broken' | 'fixed';

const RECORDED = join(import.meta.dirname, '../../fixtures/reloads');
const SEVERITIES = ['info', 'warning', 'critical'];
const cases = JSON.parse(readFileSync(join(RECORDED, 'cases.json'), 'utf8')) as Case[];
const validate = compileSchema();
/** With many thousands of sockets of others on the machine, a look at listeners takes its time. */
const PATIENCE = { timeoutMs: 90_000 };
let goProgram = '';

async function commandOf({ name, program }: Case, mode: Mode): Promise<[string, string[]]> {
  const folder = ownFolder(name);
  const path = join(RELOADS, program);
  if (program === 'go') return [goProgram, [name, mode]];
  if (program.endsWith('.py')) return [PYTHON, [path, mode, ...(program === 'inotify_overflow.py' ? [folder] : [])]];
  if (program.endsWith('.mjs')) return [process.execPath, [path, mode, folder]];
  return [await compile(`reloads/${program}`), [mode, folder]];
}

const filled = (args: readonly string[], told: Record<string, unknown>): string[] => args.map((arg) => arg.replace(/\{(\w+)\}/g, (_all, key: string) => String(told[key])));

/** What is left on its stdout when it has ended. */
async function lastWords(child: Child): Promise<string> {
  await child.stop();
  return child.nextLine().catch(() => '');
}

/** The report, and all that the program told. */
async function looked(one: Case, mode: Mode): Promise<{ report: Report; told: string }> {
  const [command, args] = await commandOf(one, mode);
  if (one.traced) {
    const { stdout, stderr } = await reloadctl(['strace', '--json', '--', command, ...args], PATIENCE);
    return { report: reportOf(stdout, stderr), told: stderr };
  }
  const child = await startChild(command, args);
  const line = await child.nextLine();
  const { stdout, stderr } = await reloadctl([...filled(one.look!, JSON.parse(line) as Record<string, unknown>), '--json'], PATIENCE);
  return { report: reportOf(stdout, stderr), told: line + (await lastWords(child)) };
}

function reportOf(stdout: string, stderr: string): Report {
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report;
  validate(report);
  expect(validate.errors).toBeNull();
  return report;
}

const worst = (report: Report, id?: string): number => Math.max(-1, ...report.findings.filter((finding) => id === undefined || finding.id === id).map(({ severity }) => SEVERITIES.indexOf(severity)));

/** A title without what differs from run to run. */
const shapeOf = (title: string): string => title.replace(/\/\S+/g, 'PATH').replace(/\d[\d,.]*/g, 'N');

describeNeeds(['python3', 'cc', 'go', 'strace'], 'why reloads fail', () => {
  beforeAll(async () => {
    goProgram = await buildReloads();
  });

  it.concurrent.each(cases)('$name: $finds, and nothing when it is mended', { timeout: 2 * PATIENCE.timeoutMs }, async (one) => {
    const [broken, fixed] = await Promise.all([looked(one, 'broken'), looked(one, 'fixed')]);
    expect(worst(broken.report, one.finds), JSON.stringify(broken.report.findings)).toBe(SEVERITIES.indexOf(one.severity));
    for (const id of one.also ?? []) expect(worst(broken.report, id), id).toBeGreaterThan(worst(fixed.report, id));
    expect(broken.told).toMatch(new RegExp(one.says?.[0] ?? ''));
    const text = join(RECORDED, `${one.name}.txt`);
    // What the docs show as it was printed once is still what is printed.
    if (existsSync(text)) expect(shapeOf(readFileSync(text, 'utf8'))).toContain(shapeOf(broken.report.findings[0]!.title));
    // A binary that was replaced as it should be is told, as info.
    expect(worst(fixed.report), JSON.stringify(fixed.report.findings)).toBeLessThanOrEqual(0);
    expect(worst(fixed.report, one.finds)).toBeLessThan(SEVERITIES.indexOf(one.severity));
    expect(fixed.told).toMatch(new RegExp(one.says?.[1] ?? ''));
  });
});
