/** May this process be sent SIGUSR1? Whoever does not handle it is killed by it, so what is not proven is refused. */
import type { GateFacts } from './facts.ts';

export type Runtime = 'node' | 'deno' | 'bun' | 'other';

export interface Refusal {
  /** Stable, for scripts and tests. */
  code: 'gone' | 'zombie' | 'other-user' | 'bun' | 'deno' | 'not-node' | 'deaf' | 'no-handler' | 'too-young' | 'stopped' | 'reused';
  /** One sentence. */
  why: string;
  /** What gets the answer in another way. */
  fix?: string;
}

/** A Node that has just started has no handler yet, and would die. */
export const LEAST_AGE_MS = 1000;

/** On a busy machine a start takes that long. */
const STARTING_MS = 10_000;

/** By its executable, which Deno has no other name for. */
export function isDeno(exe: string): boolean {
  return /^deno(?:-|$)/.test(nameOf(exe));
}

function nameOf(exe: string): string {
  return exe.replace(/ \(deleted\)$/, '').replace(/^.*\//, '');
}

/** What names of the executable and of its threads hint at. No proof: anybody may call a program `node`. */
export function runtimeOf({ exe, threadNames, threads }: Pick<GateFacts, 'exe' | 'threadNames' | 'threads'>): Runtime {
  const name = nameOf(exe ?? '');
  if (/^bunx?(?:-|$)/.test(name)) return 'bun';
  if (isDeno(exe ?? '')) return 'deno';
  // V8's threads are there from the start: a program of one thread is something else under that name.
  if (/^node(?:js)?(?:[-_.]?v?\d[\w.-]*)?$/.test(name) && threads > 1) return 'node';
  // A program packed with its runtime has another name, and the threads of the runtime (from Node 24 on they are named).
  return threadNames.includes('SignalInspector') && threadNames.includes('V8Worker') ? 'node' : 'other';
}

/** Undefined: it may be signalled. */
export function refusalOf(facts: GateFacts | undefined, pinned?: { startTime: string }): Refusal | undefined {
  if (!facts) return { code: 'gone', why: 'the process has ended, or may not be read' };
  const { pid } = facts;
  if (pinned && facts.startTime !== pinned.startTime) return { code: 'reused', why: `pid ${pid} is another process now` };
  if (facts.state === 'Z' || facts.state === 'X') return { code: 'zombie', why: `process ${pid} is a zombie: it has ended` };
  if (facts.ownUid !== 0 && facts.uid !== facts.ownUid) return { code: 'other-user', why: `process ${pid} belongs to another user (${facts.uid})`, fix: 'run it with sudo, or as that user' };
  const runtime = runtimeOf(facts);
  if (runtime === 'bun') return { code: 'bun', why: `process ${pid} is Bun: SIGUSR1 would kill it, and it opens no inspector later`, fix: `reloadctl fds ${pid}` };
  // Deno handles it since 2.9.2, and inspector.close() works since 2.7: who has a handler can be left.
  if (runtime === 'deno' && !facts.caught) {
    if (facts.ageMs < LEAST_AGE_MS) return young(pid);
    return { code: 'deno', why: `process ${pid} is Deno, and has no handler for SIGUSR1 (before 2.9.2 Deno has none): the signal would kill it`, fix: 'start it with --inspect=127.0.0.1:0' };
  }
  if (runtime === 'other') return { code: 'not-node', why: `process ${pid} is not known to be Node (by its executable and its threads): SIGUSR1 may kill it`, fix: `reloadctl fds ${pid}` };
  if (!facts.caught) {
    if (facts.blocked) {
      const starting = facts.ageMs < STARTING_MS ? ', or is still starting' : '';
      return { code: 'deaf', why: `process ${pid} does not listen to SIGUSR1: it was started with --disable-sigusr1 or --permission${starting}`, fix: PRELOAD };
    }
    if (facts.ageMs < LEAST_AGE_MS) return young(pid);
    return { code: 'no-handler', why: `process ${pid} has no handler for SIGUSR1 (the program removed it, or is no Node): the signal would kill it`, fix: PRELOAD };
  }
  if (facts.ageMs < LEAST_AGE_MS) return young(pid);
  if (facts.state === 'T' || facts.state === 't') {
    const by = facts.tracer > 0 ? ` by ${facts.tracer}, which traces it` : '';
    return { code: 'stopped', why: `process ${pid} is stopped${by}: it answers nothing`, fix: `kill -CONT ${pid}` };
  }
  return undefined;
}

const PRELOAD = 'start it with node --import reloadctl/register: then no signal is needed';

function young(pid: number): Refusal {
  return { code: 'too-young', why: `process ${pid} started less than a second ago: its handler may not be there yet, and SIGUSR1 would kill it`, fix: 'try again' };
}
