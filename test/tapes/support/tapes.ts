/** The recorded tapes, what they are known to show, and the analysis of one without a process in between. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tapeCoverage, tapeTarget } from '../../../src/cli/tape.ts';
import { commands } from '../../../src/commands.ts';
import { readTape } from '../../../src/evidence/index.ts';
import { checksum } from '../../../src/evidence/tape-format.ts';
import type { FdsData } from '../../../src/fds/index.ts';
import { type Coverage, type Finding, type RuleDefinition, type Verdict, verdictOf } from '../../../src/report/index.ts';
import type { Observation } from '../../../src/series/index.ts';

export const ROOT = join(import.meta.dirname, '../../..');
export const TAPES = join(ROOT, 'fixtures/tapes');

export interface Expected {
  /** The command that finds it; `fds` unless told, with options as commander gives them. */
  command?: string;
  options?: Record<string, unknown>;
  findings: Pick<Finding, 'id' | 'severity' | 'confidence'>[];
  /** Absent where descriptors come and go while it is recorded. */
  open?: number;
}

/** Names without extension of the tapes in `err`, `ok` or `full`, sorted. */
export function namesIn(folder: 'err' | 'ok' | 'full'): string[] {
  const names = existsSync(join(TAPES, folder)) ? readdirSync(join(TAPES, folder)) : [];
  return names.filter((name) => name.endsWith('.rctl')).map((name) => name.slice(0, -'.rctl'.length)).sort();
}

/** `tapeFile('err', 'fd-near-limit')`. */
export function tapeFile(folder: 'err' | 'ok' | 'full', name: string): string {
  return join(TAPES, folder, `${name}.rctl`);
}

export function tapeText(folder: 'err' | 'ok' | 'full', name: string): string {
  return unrolled(readFileSync(tapeFile(folder, name), 'utf8'));
}

/** The same tape with each answer told where it was given: what tests take lines out of. */
export function unrolled(text: string): string {
  const [header = '', ...rest] = text.trimEnd().split('\n');
  const answers: unknown[][] = [];
  for (const line of rest.slice(0, -1)) {
    const fields = JSON.parse(line) as unknown[];
    const same = answers[(fields.length === 2 ? fields[0] : fields[5]) as number];
    const [question, key, , ...told] = same ?? [];
    answers.push(fields.length === 2 ? [question, key, fields[1], ...told] : fields.length === 6 ? [...fields.slice(0, 3), ...told] : fields);
  }
  return sealed(header, answers.map((fields) => JSON.stringify(fields)));
}

function sealed(header: string, answers: readonly string[]): string {
  const body = `${[header, ...answers].join('\n')}\n`;
  return `${body}${JSON.stringify({ end: true, answers: answers.length, sha256: checksum(body) })}\n`;
}

export function expectedOf(folder: 'err' | 'ok', name: string): Expected {
  return JSON.parse(readFileSync(join(TAPES, folder, `${name}.expected.json`), 'utf8')) as Expected;
}

/** Every rule any command registers, each once. */
export async function allRules(): Promise<RuleDefinition<Observation>[]> {
  const found = new Set<RuleDefinition<Observation>>();
  for (const command of commands) for (const rule of (await command.rules?.()) ?? []) found.add(rule);
  return [...found];
}

export function pageName(id: string): string {
  return id.replaceAll('/', '-');
}

export interface Analysis {
  findings: Finding[];
  coverage: Coverage[];
  verdict: Verdict;
  data: FdsData;
  /** What the rules were shown. */
  events: Observation[];
  /** Questions the tape has no answer to. */
  missing: string[];
}

export interface AnalysisOptions {
  command?: string;
  options?: Record<string, unknown>;
  tree?: boolean;
  owners?: boolean;
}

const noneOf = (): never => {
  throw new Error('not asked for here');
};

/** What `fds --list --from`, or another command, makes of a tape. */
export async function analyse(text: string, { command = 'fds', options: own, ...options }: AnalysisOptions = {}): Promise<Analysis> {
  const { run } = await commands.find(({ name }) => name === command)!.load();
  const tape = readTape(text, 'x.rctl');
  const events: Observation[] = [];
  const witness: RuleDefinition<Observation> = {
    id: 'test/witness',
    create: () => ({ observe: (event) => void events.push(event), finish: () => [] }),
  };
  const outcome = await run([], { ...options, ...own, list: true }, {
    evidence: tape,
    tapeHeader: tapeTarget(tape.header, 'x.rctl'),
    rules: [...(await allRules()), witness],
    signal: new AbortController().signal,
    rerun: 'reloadctl',
    isRoot: true,
    say: () => undefined,
    progress: () => undefined,
    stdin: noneOf,
    replay: noneOf,
  });
  if (outcome.kind !== 'report') throw new Error(`${command} prints a report`);
  const { findings, data } = outcome;
  const coverage = [...outcome.coverage, ...tapeCoverage(tape.missing(), outcome.target)];
  return { findings, coverage, verdict: verdictOf(findings, coverage, 'critical'), data: data as FdsData, events, missing: tape.missing() };
}

/** What is expected of findings, without what differs from host to host; sorted by id. */
export function judged(findings: readonly Finding[]): Expected['findings'] {
  return findings.map(({ id, severity, confidence }) => ({ id, severity, confidence })).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** The same tape with other lines between header and end, and an end line that fits them. */
export function rewritten(text: string, change: (lines: string[]) => string[]): string {
  const [header = '', ...rest] = unrolled(text).trimEnd().split('\n');
  return sealed(header, change(rest.slice(0, -1)));
}

/** `question key` of a line: the lines of one question have the same. */
export function askedIn(line: string): string {
  const [question, key] = JSON.parse(line) as [string, string];
  return `${question} ${key}`;
}

/** The tape without all answers to some questions. */
export function without(text: string, isGone: (asked: string) => boolean): string {
  return rewritten(text, (lines) => lines.filter((line) => !isGone(askedIn(line))));
}
