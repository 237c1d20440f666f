/** Real reports of the built program, held against the published schema. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../live/support/child.ts';
import { ownFolder, reloadctl } from '../live/support/program.ts';
import { compileSchema, type Json, mutate, schemaText } from '../schema/support.ts';

const validate = compileSchema();
/** Holds a socket, a deleted file, a pipe, a watch and a file, and tells when it does. */
const HOLDER = `
const fs = require('node:fs');
const path = process.argv[1] + '/deleted';
fs.openSync(path, 'w'); fs.unlinkSync(path); fs.openSync('/etc/passwd');
fs.watch('/etc/passwd', { persistent: false }, () => {});
const server = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log('ready'));
process.stdin.resume().on('end', () => server.close());
`;

async function reportOf(args: string[], codes: readonly number[] = [0]): Promise<Json> {
  const { code, stdout, stderr } = await reloadctl([...args, '--json']);
  expect(codes, stderr).toContain(code);
  return JSON.parse(stdout) as Json;
}

/** Valid as it is, and not valid without a key that the schema asks for, whichever. */
function expectValid(report: Json, ...required: (string | number)[][]): void {
  validate(report);
  expect(validate.errors).toBeNull();
  for (const path of [['verdict'], ['coverage', 0, 'needed'], ...required])
    expect(validate(mutate(report, path)), path.join('.')).toBe(false);
}

describe('real reports', () => {
  const children: Child[] = [];
  let folder: string;
  let pid: string;

  beforeAll(async () => {
    folder = ownFolder('schema');
    for (let n = 0; n < 2; n++) {
      // Port 9229 is one for the whole machine.
      const child = await startChild(process.execPath, ['--inspect-port=0', '-e', HOLDER, folder]);
      await child.nextLine();
      children.push(child);
    }
    pid = String(children[0]!.pid);
  });

  afterAll(async () => {
    await Promise.all(children.map((child) => child.stop()));
  });

  it('of fds with one process', async () => {
    expectValid(await reportOf(['fds', pid]), ['data', 'groups'], ['data', 'limit', 'soft'], ['data', 'processes', 0, 'fdSize']);
  });

  it('of fds with a process and its descendants', async () => {
    const report = await reportOf(['fds', String(process.pid), '--tree'], [0, 1, 3]);
    expect((report.target as { pids: number[] }).pids.length).toBeGreaterThan(2);
    expectValid(report, ['data', 'groups'], ['data', 'processes', 1, 'ratio']);
  });

  it('of fds --list', async () => {
    expectValid(await reportOf(['fds', pid, '--list']), ['data', 'fds', 0, 'target'], ['data', 'fds', 0, 'cloexec']);
  });

  it('of fds --threads', async () => {
    expectValid(await reportOf(['fds', pid, '--threads']), ['data', 'threads', 0, 'table']);
  });

  it('of fds --group-by', async () => {
    expectValid(
      await reportOf(['fds', pid, '--group-by', 'kind']),
      ['data', 'groups', 0, 'share'],
      ['data', 'groups', 0, 'examples', 0, 'fd'],
    );
  });

  it('of fds --top', async () => {
    expectValid(await reportOf(['fds', '--top'], [0, 1, 3]), ['data', 'processes', 0, 'ratio'], ['data', 'processes']);
  });

  it('of record, and of fds on its tape', async () => {
    const tape = join(folder, 'a.rctl');
    expectValid(await reportOf(['record', pid, '-o', tape]), ['data', 'redacted'], ['data', 'bytes']);
    expectValid(await reportOf(['fds', '--from', tape]), ['data', 'groups']);
  });

  it('of node, attached and refused', async () => {
    expectValid(await reportOf(['node', pid, '--yes']), ['data', 'handles', 0, 'kind'], ['data', 'left', 'portClosed'], ['data', 'orphanFds']);
    expectValid(await reportOf(['node', '1', '--yes'], [3]), ['data', 'refusal', 'code'], ['data', 'handles']);
  });

  it('of doctor', async () => {
    expectValid(await reportOf(['doctor']), ['data', 'capabilities', 0, 'status'], ['data', 'capabilities']);
  });

  it('of inotify, and of inotify-probe', async () => {
    expectValid(await reportOf(['inotify', pid]), ['data', 'instances', 0, 'queueState'], ['data', 'watches', 0, 'state']);
    expectValid(await reportOf(['inotify-probe', folder], [0, 3]), ['data', 'conclusion'], ['data', 'cells', 0, 'alive']);
  });

  it('of assert', async () => {
    const { stdout } = await reloadctl(['assert', '--json', '--', 'true']);
    expectValid(JSON.parse(stdout) as Json, ['data', 'commandExit'], ['data', 'leaks']);
  });

  it('of exporter', async () => {
    expectValid(await reportOf(['exporter', '--once', '--textfile', join(folder, 'a.prom')]), ['data', 'samples']);
  });

  it('of demo', async () => {
    const report = await reportOf(['demo']);
    expectValid(
      report,
      ['data', 'planted'],
      ['data', 'planted', 0, 'found'],
      ['data', 'groups'],
      ['findings', 0, 'because'],
      ['findings', 0, 'fingerprint'],
    );
  });
});

describe('schema', () => {
  it('prints the published file', async () => {
    const { code, stdout, stderr } = await reloadctl(['schema']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(schemaText);
  });

  it('prints the data of one command', async () => {
    const { code, stdout } = await reloadctl(['schema', 'record']);
    expect(code).toBe(0);
    const ofRecord = compileSchema(JSON.parse(stdout));
    expect(ofRecord({ file: 'a', bytes: 1, open: 1, redacted: true })).toBe(true);
    expect(ofRecord({ file: 'a' })).toBe(false);
  });

  it('refuses a command it does not know', async () => {
    const { code, stdout, stderr } = await reloadctl(['schema', 'recrod']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('did you mean record?');
  });
});
