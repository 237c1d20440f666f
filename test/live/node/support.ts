/** Programs of several versions of Node as targets, and the built `reloadctl node` looking at them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NodeData } from '../../../src/node/data.ts';
import type { Finding, Report } from '../../../src/report/index.ts';
import { type Child, startChild } from '../support/child.ts';
import { reloadctl } from '../support/program.ts';
import { hasNode, nodeOf, OTHER_NODES } from '../support/runtimes.ts';
import { until } from '../support/until.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const REGISTER = `${ROOT}dist/register.cjs`;
export const LEAKS = `${ROOT}fixtures/programs/node-leaks.mjs`;
export const BAITS = `${ROOT}fixtures/programs/node-baits.mjs`;

/** Executables by major version: that of the tests, and those that are fetched. */
export const NODES: readonly (readonly [string, string])[] = [
  [`node ${process.versions.node.split('.')[0]}`, process.execPath],
  ...OTHER_NODES.filter((major) => hasNode(major) && !process.version.startsWith(`v${major}.`)).map((major) => [`node ${major}`, nodeOf(major)] as const),
];

export interface Truth {
  pid: number;
  kind: string;
  line: number;
}

export interface Started extends Truth {
  child: Child;
}

/** Starts a program of fixtures/programs and reads the line it prints. */
export async function startNode(node: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = await startChild(node, [...args], { env });
  return { ...(JSON.parse(await child.nextLine()) as Truth), child };
}

/** For tests that go beside each other: each has a program of its own. */
export async function withNode(node: string, args: readonly string[], body: (started: Started) => Promise<void>): Promise<void> {
  const started = await startNode(node, args);
  try {
    await body(started);
  } finally {
    await started.child.stop('SIGTERM');
  }
}

/** Port 9229 is one for the whole machine: other tests run beside. */
export const ANY_PORT = '--inspect-port=0';

/** Starts JavaScript that prints a line when it is ready. */
export async function startScript(node: string, script: string, options: readonly string[] = [ANY_PORT], env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const child = await startChild(node, [...options, '-e', script], { env });
  await child.nextLine();
  return child;
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

export function ageOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.parseFloat(readFileSync('/proc/uptime', 'latin1')) * 1000 - ticks * 10;
}

/** Old enough to be signalled. */
export async function untilOld(pid: number): Promise<void> {
  await until(() => ageOf(pid) > 1050, { what: `process ${pid} to be a second old` });
}

/** Until it handles SIGUSR1: on a busy machine that takes a while. */
export async function untilHandled(pid: number): Promise<void> {
  await until(() => (Number.parseInt(/^SigCgt:\t([0-9a-f]+)$/m.exec(statusOf(pid))?.[1]?.slice(-4) ?? '0', 16) & 0x200) !== 0, { what: 'a handler for SIGUSR1' });
  await untilOld(pid);
}

export type NodeReport = Report & { data: NodeData };

export interface Looked {
  code: number | null;
  report: NodeReport;
  data: NodeData;
  findings: Finding[];
  stderr: string;
  durationMs: number;
}

export async function look(pid: number | string, ...options: string[]): Promise<Looked> {
  const { code, stdout, stderr, durationMs } = await reloadctl(['node', String(pid), '--json', ...options]);
  if (stdout === '') throw new Error(`reloadctl node ${pid} printed nothing (${code}): ${stderr}`);
  const report = JSON.parse(stdout) as NodeReport;
  return { code, report, data: report.data, findings: report.findings, stderr, durationMs };
}

export function loud(findings: readonly Finding[]): string[] {
  return findings.filter(({ severity }) => severity !== 'info').map(({ id, severity, title }) => `${id} ${severity} ${title}`);
}

export function isAlive(pid: number): boolean {
  return /^State:\t[^ZX]/m.test(statusOf(pid));
}

export function countFds(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Does the process listen at any TCP port of its namespace? */
export function listens(pid: number): boolean {
  const links = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(pid, fd)));
  return ['tcp', 'tcp6'].some((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'latin1').split('\n').slice(1).some((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[3] === '0A' && links.has(`socket:[${fields[9]}]`);
    }),
  );
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}
