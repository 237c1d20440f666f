/** What `strace` makes of a log that is a text here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from '../../../src/command.ts';
import type { Coverage, Finding } from '../../../src/report/index.ts';
import { run, type StraceData } from '../../../src/strace/index.ts';
import { straceRules } from '../../../src/strace/rules/index.ts';

export interface Analysed {
  data: StraceData;
  findings: Finding[];
  coverage: Coverage[];
}

const noneOf = (): never => {
  throw new Error('not asked for here');
};

export function contextWith(signal = new AbortController().signal): CommandContext {
  return {
    evidence: undefined as never, rules: straceRules, signal, rerun: 'reloadctl', isRoot: true,
    say: () => undefined, progress: () => undefined, stdin: noneOf, replay: noneOf,
  };
}

export async function analyseFiles(files: readonly string[], options: Record<string, unknown> = {}): Promise<Analysed> {
  const outcome = await run([...files], { tables: true, ...options }, contextWith());
  if (outcome.kind !== 'report') throw new Error('strace makes a report');
  return { data: outcome.data as StraceData, findings: outcome.findings, coverage: outcome.coverage };
}

/** @param log each char one byte; several texts are several files, named with their pids */
export async function analyse(log: string | Record<string, string>, options: Record<string, unknown> = {}): Promise<Analysed> {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-strace-'));
  try {
    const texts = typeof log === 'string' ? { 'app.strace': log } : log;
    const files = Object.entries(texts).map(([name, text]) => {
      writeFileSync(join(folder, name), text, 'latin1');
      return join(folder, name);
    });
    return await analyseFiles(files, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Numbers of a process, with their CLOEXEC flag. */
export function tableOf({ data }: Analysed, pid: number): Record<number, boolean | null> {
  const row = data.tables!.find((one) => one.pid === pid);
  if (!row) throw new Error(`no process ${pid} among ${data.tables!.map((one) => one.pid).join(', ')}`);
  return Object.fromEntries(row.fds.filter(({ assumed }) => !assumed).map(({ fd, cloexec }) => [fd, cloexec]));
}

export const idsOf = ({ findings }: Analysed): string[] => findings.map(({ id }) => id);
