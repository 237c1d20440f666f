/** Names a target chose reach no terminal as they are, and no script with a byte lost. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FdRow } from '../../src/fds/attributes.ts';
import { startChild } from '../live/support/child.ts';
import { describeNeeds, findProgram } from '../live/support/need.ts';
import { type FactoryTruth, ownFolder, type Running, reloadctl, startFactory } from '../live/support/program.ts';
import { findingOf, look, rowOf } from './support/look.ts';

/** What a terminal obeys or hides: controls beside the newline that ends a line, format characters, line separators. */
const UNSAFE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Bytes of a row's target, each one character. */
function bytesOf(row: FdRow): string {
  const bytes = row.targetBytes === undefined ? Buffer.from(row.target, 'utf8') : Buffer.from(row.targetBytes, 'base64');
  return bytes.toString('latin1');
}

describeNeeds(['python3'], 'hostile names', () => {
  let factory: Running<FactoryTruth>;
  const paths = (): string[] => factory.truth.facts['hostile-names']?.paths ?? [];
  const numbers = (): number[] => factory.truth.fds['hostile-names'] ?? [];

  beforeAll(async () => {
    factory = await startFactory(['hostile-names', 'deleted=1:evil\x1b[2J\n{}.log:size=20971520', 'really-named-deleted']);
  });

  it.each([
    [[]],
    [['--list']],
    [['--list', '--columns', 'fd,path,target,key']],
    [['--verbose', '--all']],
    [['--list', '--color', 'never']],
  ])('as text: %j', async (args) => {
    const run = await reloadctl(['fds', String(factory.pid), ...args]);
    expect(run.stdout).not.toMatch(UNSAFE);
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('esc\\x1b[31mred\\x1b]0;title\\x07');
    expect(run.stdout).toContain('new\\nline');
    expect(run.stdout).toContain('rtl\\u202etxt.exe');
    expect(run.stdout).toContain('evil\\x1b[2J\\n');
  });

  it('as JSON: one object, safe to look at, and no byte lost', async () => {
    const looked = await look([factory.pid, '--list']);
    expect(looked.run.stdout).not.toMatch(UNSAFE);
    expect(numbers().map((fd) => bytesOf(rowOf(looked.report.data, fd)))).toEqual(paths());
    const withBytes = numbers().filter((fd) => rowOf(looked.report.data, fd).targetBytes !== undefined);
    expect(withBytes).toEqual(numbers().filter((_, index) => paths()[index]?.includes('\xff')));
    expect(findingOf(looked, 'fd/deleted-file').title).toContain('evil\x1b[2J\n0.log');
  });

  it('as NDJSON: every line one object, the last says it is whole', async () => {
    const run = await reloadctl(['fds', String(factory.pid), '--list', '--format', 'ndjson']);
    expect(run.stdout).not.toMatch(UNSAFE);
    expect(run.stdout.endsWith('\n')).toBe(true);
    const lines = run.stdout.slice(0, -1).split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ type: 'start', schemaVersion: '1.0', command: 'fds' });
    expect(lines.at(-1)).toMatchObject({ type: 'end', complete: true, verdict: 'pass' });
    const rows = lines.filter(({ type }) => type === 'fd') as unknown as FdRow[];
    expect(rows).toHaveLength(factory.truth.open);
    expect(numbers().map((fd) => bytesOf(rows.find((row) => row.fd === fd)!))).toEqual(paths());
  });

  it('a live file that is called "x (deleted)" is not deleted, and keeps its name', async () => {
    const { report } = await look([factory.pid, '--list', '--where', 'path~"(deleted)" deleted=false']);
    const hostile = numbers().filter((_, index) => paths()[index]?.endsWith(' (deleted)'));
    const live = [...(factory.truth.fds['really-named-deleted'] ?? []), ...hostile];
    expect(report.data.fds?.map(({ fd }) => fd)).toEqual(live.sort((a, b) => a - b));
  });

  it('filters by a name with a newline', async () => {
    const { report } = await look([factory.pid, '--list', '--where', 'path~"new\nline"']);
    expect(report.data.fds?.map(({ target }) => target)).toEqual([expect.stringMatching(/new\nline$/)]);
  });
});

it('a process name that is hostile: in its own report, as target, and in --top', async () => {
  const path = join(ownFolder('hostile'), 'evil\x1b[31m\n');
  copyFileSync(findProgram('sleep')!, path);
  const child = await startChild(path, ['100']);
  for (const args of [[String(child.pid)], [String(child.pid), '--verbose'], ['--top', '--all'], ['evil\x1b[31m\n']]) {
    const run = await reloadctl(['fds', ...args]);
    expect(run.stdout).not.toMatch(UNSAFE);
    expect(run.stdout).toContain('evil\\x1b[31m\\n');
  }
  const top = await reloadctl(['fds', '--top', '--json']);
  expect(top.stdout).not.toMatch(UNSAFE);
  const { processes } = (JSON.parse(top.stdout) as { data: { processes: unknown[] } }).data;
  expect(processes).toContainEqual(expect.objectContaining({ pid: child.pid, comm: 'evil\x1b[31m\n' }));
  await child.stop('SIGTERM');
});

describe('hostile words of the user himself', () => {
  it.each([
    [['fds', 'a\x1b[31mb\nc']],
    [['fds', '/no/such\x1b]0;x\x07']],
    [['fds', '1', '--where', '\x1b[2J=1']],
    [['fds', '1', '--format', 'js\x1bon']],
  ])('%j', async (args) => {
    const run = await reloadctl(args);
    expect(run.stderr).not.toMatch(UNSAFE);
    expect(run.stderr).toContain('\\x1b');
    expect(run.stdout).toBe('');
  });
});
