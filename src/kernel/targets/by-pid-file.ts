import type { Evidence } from '../../evidence/types.ts';
import { UserError } from '../user-error.ts';
import { notFound, refused } from './search.ts';
import type { ResolvedTarget } from './types.ts';

/** include/linux/threads.h PID_MAX_LIMIT, which /proc/sys/kernel/pid_max never exceeds. */
const MOST_PID = 4_194_304;

/** A pid file: the first line holds the pid of the main process (nginx, postmaster.pid and others write more lines below). */
export function byPidFile(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const content = evidence.read(spec);
  if (content.value === undefined) throw new UserError(`pid file ${spec}: ${reason(content.errno)}`, { exitCode: content.errno === 'EACCES' ? 3 : 2 });
  if (content.value.trim() === '') throw new UserError(`${spec}:1:1: not a pid file: it is empty`, { hints: ['a service that is just starting or stopping has not written it yet, or emptied it'] });
  const number = /^\s*(\d{1,32})\s*(\n|$)/.exec(content.value)?.[1];
  if (number === undefined) throw new UserError(`${spec}:1:1: not a pid file: its first line is not a number`);
  const pid = Number(number);
  if (pid < 1 || pid > MOST_PID) throw new UserError(`${spec}:1:1: ${number} is no process: pids are 1 to ${MOST_PID}`);
  const stat = evidence.read(`/proc/${pid}/stat`);
  if (stat.errno === 'EACCES' || stat.errno === 'EPERM') {
    throw refused(evidence, { spec, command }, `pid file ${spec} names process ${pid}`);
  }
  if (stat.value === undefined) {
    const named = `pid file ${spec} names process ${pid}, which`;
    throw notFound(evidence, { spec, command }, `${named} does not exist: the file is stale`, [], `${named} has ended`);
  }
  return { spec, name: `pid file ${spec}`, pids: [pid] };
}

function reason(errno: string | undefined): string {
  const words: Record<string, string> = { ENOENT: 'no such file', EACCES: 'not permitted', EISDIR: 'is a directory', EINVAL: 'is not a regular file', EFBIG: 'is not a regular file, or too large for a pid file' };
  return words[errno ?? ''] ?? `could not be read (${errno})`;
}
