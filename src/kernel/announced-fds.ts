/** Descriptors a process was handed on purpose, as its environment says. */
import type { ByteString } from '../evidence/types.ts';
import { parseEnviron } from './proc/environ.ts';

/** sd_listen_fds(3): the first number, SD_LISTEN_FDS_START. */
const FIRST_LISTEN_FD = 3;
const passing = /FD|SOCK|LISTEN|NGINX|INHERIT|CHANNEL|HANDOVER|UPGRADE|SERVER_STARTER/i;
/** Names of other numbers: `LISTEN_PORT=80` hands nothing over. */
const otherNumbers = /PORT$|ADDR|PID|COUNT|NUM|TIMEOUT|BACKLOG|QUEUE|SIZE|MAX|^LISTEN_FDS$/i;
/** `6;7;`, `5,6`, `4`. */
const list = /^\d{1,7}(?:[,;: ]+\d{1,7})*[,;: ]*$/;
/** `5:tcp://0.0.0.0:9292` and `5:unix:/run/app`, each a number first (puma). */
const numberFirst = /^(\d{1,7}):[a-z]/;
/** `0.0.0.0:80=3;/run/app.sock=4` (server_starter). */
const numberLast = /=(\d{1,7})(?=;|$)/g;

/**
 * Which of `fds` the environment names. LISTEN_FDS=N announces 3 to 3+N-1 to the process of LISTEN_PID, or to the one that has
 * it in its environment where LISTEN_PID is not given (as between generations of Go servers); others (NGINX=6;7;, EINHORN_FD_0=4,
 * GUNICORN_FD=5,6, NODE_CHANNEL_FD=3) write the numbers out.
 * @param pids of the process: ours, and those it has in nested pid namespaces
 */
export function announcedFds(environ: ByteString, pids: readonly number[], fds: readonly number[]): number[] {
  const variables = parseEnviron(environ);
  const announced = new Set<number>();
  for (const [name, value] of variables) {
    if (!passing.test(name) || (otherNumbers.test(name) && name !== 'SERVER_STARTER_PORT')) continue;
    for (const fd of numbersIn(value)) announced.add(fd);
  }
  const count = Number(variables.get('LISTEN_FDS') ?? 0);
  const receiver = variables.get('LISTEN_PID');
  const isForIt = receiver === undefined || pids.includes(Number(receiver));
  return fds.filter((fd) => announced.has(fd) || (isForIt && fd >= FIRST_LISTEN_FD && fd < FIRST_LISTEN_FD + count));
}

function numbersIn(value: ByteString): number[] {
  if (list.test(value)) return (value.match(/\d+/g) ?? []).map(Number);
  const first = numberFirst.exec(value)?.[1];
  if (first !== undefined) return [Number(first)];
  return [...value.matchAll(numberLast)].map((match) => Number(match[1]));
}
