/** What stands in the way of a recording, and what is known before it starts. */
import { appendFileSync, chmodSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCommand, setIdProgramIn } from '../../src/effects/find-command.ts';
import { growingLog } from '../../src/evidence/index.ts';
import { straceOptions } from '../../src/strace/live/calls.ts';
import { readLiveOptions } from '../../src/strace/live/options.ts';
import { type TracedProcess, whyNoPtrace } from '../../src/strace/live/target.ts';
import { ownFolder } from '../live/support/program.ts';

const process42: TracedProcess = { pid: 42, startTime: '1', comm: 'server', state: 'S', threads: 1, uid: 1000, tracer: 0, innerPid: undefined };
const why = (process: Partial<TracedProcess>, rights: Partial<Parameters<typeof whyNoPtrace>[1]>) => whyNoPtrace([{ ...process42, ...process }], { mayPtrace: false, euid: 1000, yama: undefined, ...rights }, (pid) => `gdb (pid ${pid})`);

describe('ptrace', () => {
  it.each([
    [{}, {}, undefined],
    [{}, { yama: 0 }, undefined],
    [{ tracer: 7 }, { mayPtrace: true }, /traced by gdb \(pid 7\)/],
    [{ uid: 0 }, {}, /belongs to user 0: that needs CAP_SYS_PTRACE/],
    [{ uid: 0 }, { mayPtrace: true, yama: 2 }, undefined],
    [{}, { yama: 1 }, /ptrace_scope is 1/],
    [{}, { yama: 3, mayPtrace: true }, /ptrace_scope is 3: nobody/],
  ])('%j with %j', (process, rights, words) => {
    const found = why(process, rights);
    if (words === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ why: expect.stringMatching(words), fix: expect.stringMatching(/\w/) });
  });
});

it('never asks strace for sockets by all of the host, and for no call that has a payload', () => {
  for (const stacks of [false, true]) {
    const options = straceOptions({ log: 'x', stacks, seccomp: true });
    expect(options).not.toContain('-yy');
    const calls = options.at(-1)!.replace('trace=', '').split(',');
    expect(calls.every((call) => call.startsWith('?'))).toBe(true);
    expect(calls.filter((call) => /read|write|send/.test(call))).toEqual([]);
    expect(new Set(calls).size).toBe(calls.length);
  }
});

describe('a command', () => {
  it('that changes its user is found by any word', () => {
    const folder = ownFolder('setid');
    const program = join(folder, 'becomes-root');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o4755);
    expect(setIdProgramIn(['sh', '-c', `echo a; ${program} -n x`])).toBe(program);
    chmodSync(program, 0o755);
    expect(setIdProgramIn(['sh', '-c', `echo a; ${program} -n x`, 'a\0b'])).toBeUndefined();
  });

  it('has the codes of a shell when it cannot be started', () => {
    const folder = ownFolder('codes');
    writeFileSync(join(folder, 'text'), 'hello\n');
    expect(findCommand(join(folder, 'absent'))).toMatchObject({ code: 127 });
    expect(findCommand(join(folder, 'text'))).toMatchObject({ code: 126, problem: expect.stringContaining('not executable') });
    expect(findCommand(folder)).toMatchObject({ code: 126 });
    chmodSync(join(folder, 'text'), 0o755);
    expect(findCommand(join(folder, 'text'))).toMatchObject({ code: 126, problem: expect.stringContaining('#!') });
    expect(findCommand('sh')).toMatchObject({ setsId: false });
  });
});

describe('options', () => {
  it.each([
    [{ for: '5s' }, undefined, /-p PID/],
    [{ attach: '1' }, ['true'], /only one/],
    [{ until: true, untilLeak: true }, ['true'], /is for -p/],
    [{ attach: '1', engine: 'ptrace' }, undefined, /auto, tracefs, strace/],
    [{ attach: '1', maxRate: '0' }, undefined, /--max-rate/],
    [{ attach: '1', exitCode: 'mine' }, undefined, /--exit-code/],
    [{}, [], /no command/],
  ])('%j before %j are refused', (given, command, words) => {
    expect(() => readLiveOptions(command ?? [], command, given)).toThrow(words);
  });

  it('of a log are none', () => {
    expect(readLiveOptions(['log'], undefined, {})).toBeUndefined();
    expect(() => readLiveOptions(['log'], undefined, { attach: '1' })).toThrow(/only one at a time/);
  });
});

it('a log that grows is read to what was there when its writer had ended', async () => {
  const file = join(ownFolder('growing'), 'log');
  writeFileSync(file, 'one\n');
  const fd = openSync(file, 'r');
  let isOver = false;
  const input = growingLog('log', fd, () => isOver);
  const into = Buffer.alloc(64);
  const next = async (): Promise<string> => into.toString('latin1', 0, await input.read(into, 0));
  expect(await next()).toBe('one\n');
  const waits = next();
  appendFileSync(file, 'two\n');
  expect(await waits).toBe('two\n');
  appendFileSync(file, 'three\n');
  isOver = true;
  expect(await next()).toBe('three\n');
  expect(await next()).toBe('');
  closeSync(fd);
});
