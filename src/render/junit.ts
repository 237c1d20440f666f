/**
 * JUnit XML as Jenkins, GitLab and the schema of Ant take it: a test case for each check, passed ones too, `failure` for a finding,
 * `error` for what could not be looked at. The sections and attributes that the strict schema wants are there, empty or not.
 */
import type { Report } from '../report/types.ts';
import type { Block } from './document.ts';
import { type Check, checksOf, factLines, gapWords } from './checks.ts';
import { visible } from './escape.ts';
import { pump } from './sink.ts';
import type { RenderOptions, Sink } from './types.ts';

export async function renderJunit(report: Report, _body: Iterable<Block>, sink: Sink, options: RenderOptions): Promise<void> {
  await pump(lines(report, checksOf(report, options)), sink);
}

function* lines(report: Report, checks: readonly Check[]): Generator<string> {
  const seconds = (report.durationMs / 1000).toFixed(3);
  const numbers = `tests="${checks.length}" failures="${checks.filter(({ result }) => result === 'failed').length}" errors="${checks.filter(({ result }) => result === 'error').length}" time="${seconds}"`;
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield '<testsuites>\n';
  yield `  <testsuite id="0" package="reloadctl" name="${xml(`reloadctl ${report.command}`)}" timestamp="${report.startedAt.slice(0, 19)}" hostname="${xml(report.host.hostname)}" ${numbers}>\n`;
  yield `    <properties>\n      <property name="verdict" value="${report.verdict}"/>\n      <property name="target" value="${xml(report.target?.label ?? '')}"/>\n    </properties>\n`;
  for (const check of checks) yield* testCase(report, check);
  const notes = checks.flatMap((check) => (check.result === 'passed' ? check.notes.map(({ severity, id, title }) => `${severity} ${id}: ${title}`) : []));
  yield `    <system-out>${xml(notes.map(visible).join('\n'), true)}</system-out>\n    <system-err></system-err>\n  </testsuite>\n</testsuites>\n`;
}

function* testCase({ command }: Report, check: Check): Generator<string> {
  const name = check.result === 'failed' ? `${check.name}: ${withoutNumbers(check.finding.title)}` : check.name;
  const head = `    <testcase classname="reloadctl.${xml(command)}" name="${xml(name)}" time="0"`;
  if (check.result === 'passed') yield `${head}/>\n`;
  else if (check.result === 'failed') {
    const { id, title } = check.finding;
    yield `${head}>\n      <failure type="${xml(id)}" message="${xml(title)}">${xml([title, ...factLines(check.finding)].map(visible).join('\n'), true)}</failure>\n    </testcase>\n`;
  } else yield `${head}>\n      <error type="coverage" message="${xml(gapWords(check.coverage))}">${xml(gapWords(check.coverage))}</error>\n    </testcase>\n`;
}

/** CI keeps the history of a test by its name: pids, counts and lines are other ones in each run, and stand in the message. */
function withoutNumbers(title: string): string {
  return title.replace(/\d+(?:[.,]\d+)*/g, '#');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** What XML 1.0 may not hold at all (controls, lone surrogates, U+FFFE) is written out as in texts for people. @param isVisible it was already */
function xml(text: string, isVisible = false): string {
  return (isVisible ? text : visible(text)).replace(/[&<>"']/g, (character) => ENTITIES[character]!).replace(/[\ufffe\uffff]/g, '\ufffd');
}
