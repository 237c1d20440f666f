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
  { name: 'nginx', signals: { USR2: 'exec', HUP: 'fork', WINCH: 'within', USR1: 'within', QUIT: 'within', TERM: 'within' }, search: 'none' },
  // src/haproxy.c mworker_reexec: execvp(argv[0]); only a master (-W) does it.
  { name: 'haproxy', signals: { USR2: 'exec', HUP: 'exec', USR1: 'within' }, search: 'path' },
];
const DELETED = / \(deleted\)$/;
/** nginx writes its title over its arguments: `nginx: master process nginx -c nginx.conf`. */
const TITLE = /^nginx: master process (\S+)/;

export function knownProgram({ exe }: Pick<Process, 'exe'>): KnownProgram | undefined {
  const name = exe?.replace(DELETED, '').split('/').pop();
  return PROGRAMS.find((program) => program.name === name);
}

/** argv[0] as the program began with it; undefined where its memory shows something else now. @param cmdline text of /proc/PID/cmdline */
export function firstArgument(cmdline: ByteString): ByteString | undefined {
  const [first = ''] = cmdline.split('\0');
  const title = TITLE.exec(first)?.[1];
  if (title !== undefined) return title;
  return first === '' || /^\S+: /.test(first) ? undefined : first;
}
