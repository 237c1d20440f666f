/** Starts strace: on a process that is there, which it must let go again, or with a command of its own. */
import { spawn } from 'node:child_process';
import { startTimeOf } from './procs.ts';
import type { UndoList } from './undo-list.ts';

/** How a program ended; `code` as a shell tells it, 128 and more after a signal. */
export interface Ended {
  code: number;
  signal: NodeJS.Signals | null;
}

export interface Tracer {
  pid: number;
  startTime: string;
  ended: Promise<Ended>;
  /** What it said itself: why it cannot attach, or write. */
  said(): string;
  onSaid: (text: string) => void;
  kill(signal: NodeJS.Signals): void;
}

/** Hooks and settings of whoever runs us are none of its; its messages are read. */
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C', NODE_OPTIONS: undefined });

/** strace -p. A second way out beside the guard: the kernel sends it SIGINT when we are gone. Rejects when strace cannot be started. */
export async function startAttached(args: readonly string[], undo: UndoList): Promise<Tracer> {
  // A session of its own: Ctrl-C at the terminal reaches us, and we end it in order.
  const start = (file: string, all: readonly string[]) => spawned(spawn(file, all, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: environment() }));
  const child = await start('setpriv', ['--pdeathsig', 'INT', '--', 'strace', ...args]).catch(() => start('strace', args));
  // A child of ours that was not waited for is there.
  const startTime = startTimeOf(child.pid!) ?? '';
  undo.add({ what: 'interrupt', pid: child.pid!, startTime });
  return tracerOf(child, startTime);
}

/** What of ours a command gets. */
export interface HandedOn {
  /** The command's stdout goes to our stderr: ours is for a report. */
  toStderr: boolean;
  /** Descriptors above 2, under their own numbers. */
  inherited: readonly number[];
  /** Beside our own environment. */
  env?: Record<string, string>;
}

function stdioOf({ toStderr, inherited }: HandedOn): (number | 'ignore' | 'pipe')[] {
  const stdio: (number | 'ignore' | 'pipe')[] = [0, toStderr ? 2 : 1, 2];
  for (const fd of inherited) {
    while (stdio.length < fd) stdio.push('ignore');
    stdio[fd] = fd;
  }
  return stdio;
}

/** strace with a command, in our own process group and on our own terminal: keys and job control are the command's. */
export async function startWithCommand(args: readonly string[], undo: UndoList, handedOn: HandedOn): Promise<Tracer> {
  const child = await spawned(spawn('strace', args, { stdio: stdioOf(handedOn), env: { ...process.env, ...handedOn.env } }));
  const startTime = startTimeOf(child.pid!) ?? '';
  undo.add({ what: 'end-traced', pid: child.pid!, startTime });
  return tracerOf(child, startTime);
}

/** Waits at a pipe before it becomes the command: nothing it does is missed. @param fd of one digit, as shells want it */
const waitsAt = (fd: number): string => `read -r go <&${fd} && [ "$go" = go ] && exec ${fd}<&- && exec "$@"`;

export interface Waiting extends Tracer {
  go(): void;
}

/** The command, not yet started: its shell has its pid already. @param what how it is ended when we are gone */
export async function startWaiting(command: readonly string[], undo: UndoList, handedOn: HandedOn, what: 'end' | 'end-traced' = 'end', env: NodeJS.ProcessEnv = process.env): Promise<Waiting> {
  const free = [3, 4, 5, 6, 7, 8, 9].find((fd) => !handedOn.inherited.includes(fd)) ?? 9;
  const stdio = stdioOf(handedOn);
  while (stdio.length < free) stdio.push('ignore');
  stdio[free] = 'pipe';
  const child = await spawned(spawn('/bin/sh', ['-c', waitsAt(free), 'sh', ...command], { stdio, env }));
  const startTime = startTimeOf(child.pid!) ?? '';
  undo.add({ what, pid: child.pid!, startTime });
  const pipe = child.stdio[free] as NodeJS.WritableStream;
  pipe.on('error', () => undefined);
  return { ...tracerOf(child, startTime), go: () => pipe.end('go\n') };
}

function spawned(child: ReturnType<typeof spawn>): Promise<ReturnType<typeof spawn>> {
  return new Promise((resolve, reject) => child.once('spawn', () => resolve(child)).once('error', reject));
}

function tracerOf(child: ReturnType<typeof spawn>, startTime: string): Tracer {
  let said = '';
  const tracer: Tracer = {
    onSaid: () => undefined,
    pid: child.pid!,
    startTime,
    said: () => said,
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve({ code: code ?? 128 + (SIGNALS[signal!] ?? 0), signal }))),
    kill: (signal) => void child.kill(signal),
  };
  child.stderr?.setEncoding('latin1').on('data', (text: string) => {
    if (said.length < 8192) said += text;
    tracer.onSaid(text);
  });
  return tracer;
}

const SIGNALS: Partial<Record<NodeJS.Signals, number>> = process.getBuiltinModule('node:os').constants.signals;
