import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/kernel/user-error.ts';
import { dataSchema, run } from '../../src/schema/command.ts';
import { compileSchema, fdsReport, mutate, schemaText } from './support.ts';

const validate = compileSchema();

const removals: string[][] = [
  ...['schemaVersion', 'tool', 'command', 'startedAt', 'durationMs', 'host', 'target', 'verdict', 'findings', 'coverage', 'data'].map(
    (key) => [key],
  ),
  ['tool', 'name'],
  ['host', 'kernel'],
  ['target', 'pids'],
  ...['id', 'severity', 'confidence', 'because', 'title', 'subject', 'evidence', 'remedy', 'fingerprint'].map((key) => [
    'findings',
    '0',
    key,
  ]),
  ...['source', 'status', 'needed'].map((key) => ['coverage', '0', key]),
  ['findings', '0', 'evidence', '0', 'source'],
  ['findings', '0', 'remedy', '0', 'risk'],
  ['data', 'open'],
  ['data', 'limit'],
  ['data', 'limit', 'soft'],
  ['data', 'groups'],
  ['data', 'processes'],
  ['data', 'groups', '0', 'count'],
  ['data', 'processes', '0', 'startTime'],
  ['data', 'fds', '0', 'cloexec'],
  ['data', 'threads', '0', 'table'],
];

const corruptions: [path: string[], value: unknown][] = [
  [['schemaVersion'], '2.0'],
  [['schemaVersion'], 1],
  [['tool', 'name'], 'lsof'],
  [['startedAt'], '2026-11-22 03:20:17'],
  [['durationMs'], '44'],
  [['durationMs'], -1],
  [['target'], '42'],
  [['target', 'pids', '0'], '42'],
  [['verdict'], 'ok'],
  [['findings'], {}],
  [['data'], null],
  [['data'], []],
  [['findings', '0', 'id'], 'near limit'],
  [['findings', '0', 'severity'], 'error'],
  [['findings', '0', 'confidence'], 'sure'],
  [['findings', '0', 'confidence'], 'hint'],
  [['findings', '0', 'evidence'], []],
  [['findings', '0', 'evidence', '0', 'value'], null],
  [['findings', '0', 'remedy', '0', 'risk'], 'high'],
  [['findings', '0', 'fingerprint'], 'xyz'],
  [['findings', '0', 'subject', 'startTime'], 123],
  [['coverage', '0', 'status'], 'skipped'],
  [['coverage', '0', 'needed'], 'yes'],
  [['coverage', '0', 'seen'], '1'],
  [['data', 'open'], '20'],
  [['data', 'open'], 1.5],
  [['data', 'limit', 'hard'], 'unlimited'],
  [['data', 'groups', '0', 'share'], '100%'],
  [['data', 'groups', '0', 'share'], 1.2],
  [['data', 'fds', '0', 'inode'], 42],
  [['data', 'fds', '0', 'access'], 'write'],
  [['data', 'threads', '0', 'table'], 'other'],
];

describe('the schema', () => {
  it('takes a whole report', () => {
    validate(fdsReport());
    expect(validate.errors).toBeNull();
  });

  it.each(removals.map((path) => [path.join('.'), path]))('refuses a report without %s', (_, path) => {
    expect(validate(mutate(fdsReport(), path as string[]))).toBe(false);
  });

  it.each(corruptions.map(([path, value]) => [path.join('.'), JSON.stringify(value), path, value]))(
    'refuses a report whose %s is %s',
    (_path, _value, path, value) => {
      expect(validate(mutate(fdsReport(), path as string[], value))).toBe(false);
    },
  );

  it('takes keys that later versions add, anywhere', () => {
    const later = fdsReport();
    Object.assign(later, { exitCode: 1, schemaVersion: '1.7' });
    Object.assign(later.data as object, { series: [] });
    Object.assign((later.findings as object[])[0]!, { seenSince: 'yesterday' });
    expect(validate(later)).toBe(true);
  });

  it('leaves the data of commands it does not know alone', () => {
    expect(validate({ ...fdsReport(), command: 'of-tomorrow', target: null, data: { users: [] } })).toBe(true);
  });

  it('asks for the data of --top when there is no target', () => {
    const row = { pid: 1, comm: 'init', uid: 0, open: null, soft: 1024, hard: null, ratio: null, fdSize: 64 };
    const top = { ...fdsReport(), target: null, data: { processes: [row] } };
    expect(validate(top)).toBe(true);
    expect(validate(mutate(top, ['data', 'processes', 0, 'ratio']))).toBe(false);
    expect(validate({ ...fdsReport(), data: { processes: [] } })).toBe(false);
  });

  it.each([
    ['record', { file: 'a.rctl', bytes: 5, open: 3, redacted: true }, 'redacted'],
    ['demo', { planted: [], machine: { os: 'Linux', kernel: '6', cpus: 1, memoryBytes: 1, availableBytes: 1 } }, 'machine'],
    ['doctor', { capabilities: [{ name: 'kernel', status: 'ok', detail: '6.18' }] }, 'capabilities'],
  ])('asks for the data of %s', (command, data, key) => {
    const report = { ...fdsReport(), command, data };
    expect(validate(report)).toBe(true);
    expect(validate(mutate(report, ['data', key]))).toBe(false);
  });

  it('asks for the data of fds in a demo that planted something', () => {
    const planted = [{ fault: 'x', planted: 1, found: 1, ok: true }];
    const machine = { os: 'Linux', kernel: '6', cpus: 1, memoryBytes: 1, availableBytes: 1 };
    expect(validate({ ...fdsReport(), command: 'demo', data: { planted, machine } })).toBe(false);
    expect(validate({ ...fdsReport(), command: 'demo', data: { ...(fdsReport().data as object), planted, machine } })).toBe(true);
  });

  it('never throws and never takes what is no report', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => validate(value) === false));
  });
});

describe('schema <command>', () => {
  it('is a schema of its own', () => {
    const ofFds = compileSchema(dataSchema(JSON.parse(schemaText), 'fds'));
    expect(ofFds(fdsReport().data)).toBe(true);
    expect(ofFds(mutate(fdsReport().data, ['groups']))).toBe(false);
  });

  it('without a command is the file that is published', async () => {
    expect(await run([])).toEqual({ kind: 'text', text: schemaText });
  });

  it('names what there is for an unknown command', async () => {
    await expect(run(['fbs'])).rejects.toThrow(UserError);
    await expect(run(['fbs'])).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('did you mean fds?'),
      hints: [expect.stringContaining('record')],
    });
  });
});
