/** Programs whose way of reloading is known: what a signal makes them do, and how they look for the binary they start. */
import type { ByteString } from '../evidence/types.ts';
import type { Process } from '../kernel/types.ts';

/** `exec`: starts a program file anew; `fork`: new processes of what runs already; `within`: no new process. */
export type Effect = 'exec' | 'fork' | 'within';

export interface KnownProgram {
  name: string;
  /** Effect by signal; others are not known. */
  signals: Readonly<Record<string, Effect>>;
  /** How a name without a slash is looked for: not at all (execve: in the working directory), or in PATH (execvp). */
  search: 'none' | 'path';
}

const PROGRAMS: readonly KnownProgram[] = [
  // src/core/nginx.c ngx_exec_new_binary: execve(argv[0]).
  { name: 'nginx', signals: { USR2: 'exec', HUP: 'fork', USR1: 'within' }, search: 'none' },
  // src/haproxy.c mworker_reexec: execvp(argv[0]); only a master (-W) does it.
  { name: 'haproxy', signals: { USR2: 'exec', HUP: 'exec' }, search: 'path' },
];
const DELETED = / \(deleted\)$/;
/** nginx writes its title over its arguments: `nginx: master process nginx -c nginx.conf`. */
const TITLE = /^nginx: master process (\S+)/;
const NGINX_WORKER = /^nginx: (?!master)/;
/** A signal that this process catches, and of which it makes no reload. */
export interface Deaf {
  what: string;
  because: string;
  instead: string;
  certain: boolean;
  /** It ends what serves. */
  ends?: true;
}

export function knownProgram({ exe }: Pick<Process, 'exe'>): KnownProgram | undefined {
  const name = exe?.replace(DELETED, '').split('/').pop();
  return PROGRAMS.find((program) => program.name === name);
}

/** What a handler makes of a signal that nobody would call a reload. By program: `ends` what serves. */
const ENDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nginx: {
    TERM: 'nginx closes its listeners and ends at once',
    INT: 'nginx closes its listeners and ends at once',
    QUIT: 'nginx closes its listeners, finishes what runs, and ends',
    WINCH: 'nginx ends its workers, and nobody serves: that is a step of an upgrade, after USR2',
  },
  haproxy: {
    USR1: 'haproxy closes its listeners, finishes what runs, and ends (soft stop)',
    // src/proxy.c sig_pause.
    TTOU: 'haproxy pauses its listeners until SIGTTIN: nobody serves',
    TERM: 'haproxy ends at once',
    INT: 'haproxy ends at once',
  },
};
/** Who has a handler for these ends by it, by convention. */
const TO_END = new Set(['TERM', 'INT', 'QUIT']);

/** Where in its service the process stands. */
export interface Standing {
  /** SigCgt has it. */
  catchesUsr2: boolean;
  /** The parent is the same program, and no exec lies between: its pid. */
  masterOf?: number;
  /** Another run of the same program above or below it, by exec: an upgrade that has not ended. */
  upgrade?: number;
  /** It is no daemon, and its parent is still there. */
  foreground?: 'certain' | 'likely';
}

/**
 * What the handler of this process is really for, where it is no reload.
 * @param cmdline text of /proc/PID/cmdline
 */
export function deafness(program: KnownProgram | undefined, signal: string, cmdline: ByteString, { catchesUsr2, masterOf, upgrade, foreground }: Standing): Deaf | undefined {
  const ends = program && ENDS[program.name]?.[signal];
  if (ends !== undefined) return { what: ends, because: 'so this program does', instead: program!.name === 'nginx' ? 'SIGHUP reloads it' : 'SIGUSR2 to its master reloads it', ends: true, certain: true };
  if (!program) return TO_END.has(signal) ? { what: 'a program that catches it ends by it', because: `by convention SIG${signal} asks a program to end; what this one does is not known`, instead: 'signal what its manual names for a reload', ends: true, certain: false } : undefined;
  if (program.signals[signal] === undefined) return undefined;
  const { name } = program;
  // src/os/unix/ngx_process.c ngx_signal_handler: a worker ignores HUP and USR2.
  if (name === 'nginx' ? NGINX_WORKER.test(cmdline) && signal !== 'USR1' : masterOf !== undefined) {
    return { what: 'it is a worker', because: `a worker of ${name} does not reload: its master does`, instead: `ask and signal its master${masterOf === undefined ? ', which is its parent' : `: reloadctl preflight ${masterOf} --signal ${signal}`}`, certain: true };
  }
  if (name === 'nginx' && signal === 'USR2' && upgrade !== undefined) {
    return { what: `an upgrade has not ended: process ${upgrade} is the other generation`, because: 'nginx ignores it while the binary of before, or the new one, runs', instead: `end one of the two first: QUIT to the old one keeps the new one`, certain: true };
  }
  // src/os/unix/ngx_process.c ngx_signal_handler: while its parent is the one of its start, which for a daemon has ended.
  if (name === 'nginx' && signal === 'USR2' && foreground) {
    return { what: 'it runs in the foreground (daemon off)', because: `nginx takes the parent that started it for the binary before it, and ignores SIGUSR2 for as long as that is there${foreground === 'certain' ? '' : '; it has not the session and the stdout of a daemon'}`, instead: 'SIGHUP reloads its configuration; for a new binary start it anew, or run it as a daemon', certain: foreground === 'certain' };
  }
  // src/haproxy.c: HUP is sig_dump_state; only a master (-W, -Ws), which alone has a handler for USR2, starts itself anew by it.
  if (name === 'haproxy' && signal === 'HUP' && !catchesUsr2) {
    return { what: 'it was started without -W', because: 'without a master process haproxy writes the state of its servers to its log at SIGHUP, and goes on (it has no handler for SIGUSR2)', instead: 'start a new one beside it: haproxy -f FILE -x SOCKET -sf PID; or run it with -W', certain: true };
  }
  return undefined;
}

/**
 * argv[0] as the program began with it; undefined where its memory shows something else now: titles are one text with blanks (setproctitle).
 * @param cmdline text of /proc/PID/cmdline @param exe what runs, which may have a blank in its name
 */
export function firstArgument(cmdline: ByteString, exe?: ByteString): ByteString | undefined {
  const [first = '', ...rest] = cmdline.replace(/\0+$/, '').split('\0');
  const title = TITLE.exec(first)?.[1];
  if (title !== undefined) return title;
  const isTitle = /^\S+: /.test(first) || (rest.length === 0 && first.includes(' '));
  return first === '' || (isTitle && first !== exe?.replace(DELETED, '')) ? undefined : first;
}
