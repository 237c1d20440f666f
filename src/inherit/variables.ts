/** Which variables the old generation was started with, and the new one was not. */
import type { ByteString } from '../evidence/types.ts';
import type { Context } from './context.ts';

/** What a shell, a session or a service manager tells of one start, not of the service. */
const OF_A_START = /^(?:_|SHLVL|PWD|OLDPWD|TERM|COLORTERM|COLUMNS|LINES|LS_COLORS|STY|TMUX\w*|SSH_\w+|SUDO_\w+|XDG_SESSION_\w+|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|MAINPID|MANAGERPID)$/;
/** What one generation tells the next, and nobody behind that. */
const HANDED_ON = /^(?:LISTEN_\w+|NGINX|SERVER_STARTER_\w+|(?:TABLEFLIP|EINHORN|GUNICORN|UNICORN|HAPROXY|PUMA)_\w+|\w+_(?:FDS?(?:_\d+)?|PID))$/;

/**
 * Sorted names, by what execve(2) laid down: what a program did to its environment since is not told there. None where it cannot be told: of a
 * program that wrote its title over its environment, as nginx and postgres do.
 */
export function lostVariables(old: Context, now: Context): ByteString[] {
  if (!old.environ || !now.environ || old.environWritten || now.environWritten) return [];
  return [...old.environ.keys()].filter((name) => !now.environ!.has(name) && !OF_A_START.test(name) && !HANDED_ON.test(name)).sort();
}
