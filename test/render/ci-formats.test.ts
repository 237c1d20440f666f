/** Formats for CI: what their readers take, whatever names hold. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { formatNamed } from '../../src/render/index.ts';
import type { RenderOptions } from '../../src/render/types.ts';
import type { Finding, Report } from '../../src/report/types.ts';
import { describeNeeds } from '../live/support/need.ts';
import { DANGEROUS, finding, HOSTILE, MemorySink, report } from './support.ts';

const CHECKED = ['fd/growth', 'fd/open-at-exit', 'process/left-behind'];
const VALIDATOR = join(import.meta.dirname, '../../fixtures/sarif-validator/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool');
const folder = mkdtempSync(join(tmpdir(), 'reloadctl-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function rendered(name: string, of: Report, options: Partial<RenderOptions> = {}): Promise<string> {
  const sink = new MemorySink();
  await formatNamed(name)!.render(of, [], sink, { colour: false, checked: CHECKED, failOn: 'critical', ...options });
  return sink.text;
}

const site = (value: string): Finding['evidence'] => [{ name: 'site', value, source: 'test' }];
const bad = (changes: Partial<Finding> = {}): Finding => finding({ id: 'fd/open-at-exit', severity: 'critical', evidence: site(`${process.cwd()}/test/a file.ts:12:3`), ...changes });
const hostile = bad({ title: `${HOSTILE}::error::forged <b>&"' ]]> # SKIP ##[error]`, subject: { kind: 'group', key: HOSTILE }, evidence: [{ name: HOSTILE, value: HOSTILE, source: HOSTILE }] });
const gap = { source: `exits ${HOSTILE}`, status: 'partial' as const, needed: true, detail: '::error::x' };
const REPORTS: [string, Report][] = [
  ['nothing', report()],
  ['one of each', report({ verdict: 'fail', findings: [bad(), finding()], coverage: [{ source: 'exits', status: 'partial', needed: true }] })],
  ['hostile names', report({ verdict: 'fail', findings: [hostile, bad({ evidence: site(`${HOSTILE}:1:1`) })], coverage: [gap], target: { spec: HOSTILE, label: HOSTILE, pids: [] } })],
  ['very many', report({ verdict: 'fail', findings: Array.from({ length: 9000 }, (_, index) => bad({ title: `${index} ${'long '.repeat(40)}`, fingerprint: `f${index}` })) })],
];

describeNeeds(['xmllint'], 'JUnit', () => {
  it.each(REPORTS)('of %s is valid', async (name, of) => {
    const file = join(folder, `${name}.xml`);
    writeFileSync(file, await rendered('junit', of));
    const { status, stderr } = spawnSync('xmllint', ['--noout', '--huge', '--schema', join(import.meta.dirname, 'junit.xsd'), file], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });
});

describe('JUnit', () => {
  it('has a case for each rule that looked, passed ones too', async () => {
    const text = await rendered('junit', report({ verdict: 'fail', findings: [bad()], coverage: [{ source: 'exits', status: 'partial', needed: true }] }));
    expect(text).toContain('tests="4" failures="1" errors="1"');
    expect([...text.matchAll(/<testcase classname="reloadctl.fds" name="([^":]+)/g)].map(([, name]) => name)).toEqual(['fd/open-at-exit', 'exits', 'fd/growth', 'process/left-behind']);
  });

  it('calls a finding the same in each run, and tells this one in its message', async () => {
    const of = (title: string): Promise<string> => rendered('junit', report({ verdict: 'fail', findings: [bad({ title })] }));
    const nameIn = (text: string): string | undefined => /name="(fd\/open-at-exit[^"]*)"/.exec(text)?.[1];
    const [one, other] = [await of('node (pid 4242) left 1,203 files open'), await of('node (pid 57) left 7 files open')];
    expect([nameIn(one), nameIn(other)]).toEqual(Array(2).fill('fd/open-at-exit: node (pid #) left # files open'));
    expect(one).toContain('message="node (pid 4242) left 1,203 files open"');
  });
});

describeNeeds(['sarif-validator'], 'SARIF', () => {
  it('is valid, by the validator of Microsoft', async () => {
    const name = 'all';
    const of = report({ verdict: 'fail', findings: REPORTS.flatMap(([, one]) => one.findings.slice(0, 20)), coverage: REPORTS.flatMap(([, one]) => one.coverage) });
    const file = join(folder, `${name}.sarif`);
    const out = join(folder, `${name}.validated.sarif`);
    writeFileSync(file, await rendered('sarif', of));
    const { stderr, stdout } = spawnSync(VALIDATOR, ['validate', file, '--rule-kind', 'Sarif;Ghas', '--output', out, '--log', 'ForceOverwrite'], { encoding: 'utf8', env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' } });
    expect(existsSync(out), stdout + stderr).toBe(true);
    const { runs } = JSON.parse(readFileSync(out, 'utf8').replace(/^\ufeff/, '')) as { runs: { results: { ruleId: string; level?: string; message: { arguments?: string[] } }[] }[] };
    expect(runs[0]!.results.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('SARIF', () => {
  it('gives every result a file of the repository, and a fingerprint', async () => {
    const log = JSON.parse(await rendered('sarif', report({ findings: [bad(), finding()] }))) as { runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[]; partialFingerprints: object }[]; tool: { driver: { rules: { id: string }[] } } }[] };
    const [run] = log.runs;
    expect(run!.results.map(({ locations }) => locations[0]!.physicalLocation)).toEqual([
      { artifactLocation: { uri: 'test/a%20file.ts' }, region: { startLine: 12, startColumn: 3 } },
      { artifactLocation: { uri: 'reloadctl.yaml' }, region: { startLine: 1 } },
    ]);
    expect(run!.results.every(({ partialFingerprints }) => Object.keys(partialFingerprints).length === 1)).toBe(true);
    expect(run!.tool.driver.rules.map(({ id }) => id)).toEqual(CHECKED);
  });
});

describe('annotations of GitHub', () => {
  it('name file, line and title', async () => {
    expect((await rendered('github', report({ findings: [bad()] }))).split('\n')[0]).toMatch(/^::error file=test\/a file\.ts,line=12,col=3,title=fd\/open-at-exit::sockets to 10\.0\.0\.5:5432 grow by 23 a minute%0Awhy: /);
  });

  it('are at most ten of a level, and say how many more', async () => {
    const lines = (await rendered('github', REPORTS[3]![1])).split('\n').filter((line) => line.startsWith('::error'));
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toContain('8,991 more');
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(4500);
    const both = (await rendered('github', report({ findings: REPORTS[3]![1].findings, coverage: Array.from({ length: 5 }, () => gap) }))).split('\n').filter((line) => line.startsWith('::error'));
    expect(both).toHaveLength(10);
  });

  it('cannot be forged by any name', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(HOSTILE)), fc.constantFrom('\n::error::x', '\r::error::x', '\u2028::stop-commands::x', '::set-output name=a::b', '##[error]x'), async (name, end) => {
      const of = report({ verdict: 'fail', target: { spec: name, label: name + end, pids: [] }, findings: [bad({ id: `a${end}`, title: name + end, because: name + end, evidence: site(`${name}${end}:1:1`) })], coverage: [{ ...gap, detail: name + end }] });
      const lines = (await rendered('github', of)).split(/[\n\r\u2028\u2029]/).filter((line) => line !== '');
      // One for the gap, one for the finding, and a line for people.
      expect(lines).toHaveLength(3);
      expect(lines.filter((line) => /^::(error) [^\n]*::/.test(line))).toHaveLength(2);
      expect(lines[2]).toMatch(/^CRITICAL: (?!.*(::|##\[))/);
    }));
  });
});

describe('TAP and Markdown', () => {
  it('of a hostile name have no directive, and no line of its making', async () => {
    const tap = await rendered('tap', REPORTS[2]![1]);
    expect(tap).toMatch(/^TAP version 14\n1\.\.5\nnot ok 1 - /);
    expect(tap.split('\n').filter((line) => /^(not )?ok /.test(line))).toHaveLength(5);
    expect(tap).not.toMatch(/^[^ ].*[^\\]# SKIP/m);
    for (const name of ['tap', 'markdown', 'junit', 'github', 'sarif']) expect(await rendered(name, REPORTS[2]![1])).not.toMatch(DANGEROUS);
    const markdown = await rendered('markdown', REPORTS[2]![1]);
    expect(markdown).not.toContain('<b>');
    expect(markdown.split('\n').filter((line) => line.startsWith('### CRITICAL: '))).toHaveLength(2);
  });

  it('summaries stay below what GitHub takes', async () => {
    const text = await rendered('markdown', REPORTS[3]![1]);
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
    expect(text).toContain('Cut here');
  });
});
