/** Looking does not touch: what reloadctl itself calls, and what its target notices. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { look } from '../cli/support/look.ts';
import { BINARY } from '../cli/support/start.ts';
import { plainEnv, startChild } from './support/child.ts';
import { linkOf, openFds, tcpRows } from './support/kernel.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { ownFolder, PYTHON, startFactory } from './support/program.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);

/** Everything a look can be made to ask about: files, sockets listed and not, epoll, inheritance, inotify. */
const EVERYTHING = [
  'files=5', 'pipe=2', 'established=3', 'never-connected=3', 'closed-both=3', 'stale-epoll-pipe', 'inherit-file', 'inotify', 'eventfd=2',
  'close-wait=6',
];

/** System calls of a run of reloadctl and of all it starts, one a line. */
async function callsOf(args: string[], calls: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const file = join(ownFolder('strace'), 'calls');
  const options = ['-f', '-qq', '-s', '4096', '-e', `trace=${calls}`, '-o', file];
  await run(findProgram('strace')!, [...options, process.execPath, BINARY, ...args], { env: plainEnv(env) });
  return readFileSync(file, 'latin1').split('\n');
}

describeNeeds(['strace', 'python3', 'root'], 'what reloadctl calls', () => {
  it('opens no descriptor of the target, starts nothing but cat and stat, sends no signal to others', async () => {
    const { pid, truth, stop } = await startFactory(EVERYTHING);
    const others = [pid, ...truth.children.map((child) => child.pid)];
    const traced = 'open,openat,openat2,execve,kill,tkill,tgkill,pidfd_send_signal,ptrace,process_vm_readv';
    const calls = await callsOf(['fds', String(pid), '--list', '--threads'], traced, { RELOADCTL_NO_NATIVE: '1' });
    expect(calls.length).toBeGreaterThan(50);
    expect(calls.filter((call) => /open(at2?)?\(.*"\/proc\/\d+(\/task\/\d+)?\/fd\/\d/.test(call))).toEqual([]);
    expect(calls.filter((call) => /open(at2?)?\(.*"\/proc\/\d+\/(mem|root|cwd|exe|map_files)/.test(call))).toEqual([]);
    expect(calls.filter((call) => /open(at2?)?\(.*"\/proc\/.*\b(O_WRONLY|O_RDWR|O_CREAT)\b/.test(call))).toEqual([]);
    const programs = calls.map((call) => /execve\("([^"]*)".* = 0$/.exec(call)?.[1]).filter((name) => name !== undefined);
    expect(programs.length).toBeGreaterThan(2);
    expect(programs.filter((name) => name !== process.execPath && !/^(\/usr)?\/bin\/(cat|stat)$/.test(name))).toEqual([]);
    const signalled = calls.map((call) => /(?:kill|pidfd_send_signal)\((\d+)/.exec(call)?.[1]).filter((target) => target !== undefined);
    expect(signalled.filter((target) => others.includes(Number(target)))).toEqual([]);
    expect(calls.filter((call) => /ptrace\(|process_vm_readv\(/.test(call))).toEqual([]);
    await stop();
  });
});

describeNeeds(['strace', 'python3', 'root'], 'what the target notices', () => {
  it('nothing: no signal, no wake-up, no descriptor more or less', async () => {
    const { pid, truth, stop } = await startFactory(EVERYTHING);
    const links = (): string[] => openFds(pid).map((fd) => `${fd} ${linkOf(pid, fd)}`);
    const before = links();
    const file = join(ownFolder('strace'), 'target');
    const tracer = await startChild(findProgram('strace')!, ['-f', '-p', String(pid), '-o', file]);
    await until(() => /TracerPid:\t[1-9]/.test(readFileSync(`/proc/${pid}/status`, 'latin1')), { what: 'strace to attach' });
    for (const env of [{}, { RELOADCTL_NO_NATIVE: '1' }]) {
      const { report } = await look([pid, '--list', '--threads', '--owners'], { env });
      expect(report.data.open).toBe(truth.open);
    }
    expect(links()).toEqual(before);
    await tracer.stop('SIGINT');
    // It sat in one read() all the time.
    const calls = readFileSync(file, 'latin1').split('\n').filter(Boolean);
    expect(calls.filter((line) => !/read\(0,|strace: Process/.test(line))).toEqual([]);
    await stop();
  });
});

/** Closes its sockets the moment it is told to: each number once a line. */
const CLOSER = `
import os, socket, sys
listener = socket.create_server(('127.0.0.1', 0))
kept = [socket.create_connection(listener.getsockname()).detach() for _ in range(40)]
plain = [socket.socket().detach() for _ in range(40)]
accepted = [listener.accept()[0] for _ in kept]
print(listener.getsockname()[1], flush=True)
sys.stdin.readline()
for fd in kept + plain:
    os.close(fd)
print('closed', flush=True)
sys.stdin.read()
`;

describeNeeds(['python3'], 'the end of a connection', () => {
  it('is sent when the target closes it, however often it was looked at', async () => {
    const child = await startChild(PYTHON, ['-c', CLOSER]);
    const port = Number(await child.nextLine());
    const ofServer = (): string[] => {
      const accepted = tcpRows(child.pid).filter((row) => row.localPort === port && row.state !== '0A');
      return accepted.map((row) => row.state);
    };
    expect(ofServer()).toEqual(Array(40).fill('01'));
    const looks = Promise.all([look([child.pid, '--list']), look([child.pid])]);
    child.say('close');
    await child.nextLine();
    // The other end hears of it: the FIN went out, although somebody was looking.
    await until(() => ofServer().length === 40 && ofServer().every((state) => state === '08'), { what: 'the ends of 40 connections' });
    await looks;
    expect(ofServer()).toEqual(Array(40).fill('08'));
    await child.stop();
  });
});
