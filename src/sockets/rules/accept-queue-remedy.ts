import type { Remedy } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import type { FullQueue } from './accept-queues.ts';

/** What the kernel starts with since Linux 5.4. */
const USUAL_SOMAXCONN = 4096;

const TCP_CLIENTS = 'connects that take 1 s, 3 s, 7 s and more, or time out, without an error on either side';
const UNIX_CLIENTS = 'connects that block, or fail with EAGAIN where the socket does not block';

/** First what keeps the program from accepting, then the size of the queue. */
export function listenerRemedies(full: FullQueue, stopped: boolean): Remedy[] {
  const { owner, row } = full;
  const port = row.localPort;
  return [
    stopped
      ? { text: 'the process is stopped: let it go on', command: `kill -CONT ${owner.pid}`, risk: 'live' }
      : {
          text: 'find what keeps it from accepting: a blocked loop, a starved pool, or no descriptor left',
          command: `grep -H . /proc/${owner.pid}/task/*/wchan`,
          risk: 'none',
        },
    {
      text: `what clients see: ${row.protocol === 'unix' ? UNIX_CLIENTS : TCP_CLIENTS}`,
      command: port === undefined ? 'ss -lxn' : `ss -ltn 'sport = :${port}'`,
      risk: 'none',
    },
    largerBacklog(full),
  ];
}

/** __sys_listen of the kernel clips what listen() asks for, for every family alike. */
function largerBacklog({ backlog, somaxconn }: FullQueue): Remedy {
  const when = 'when it does accept, only too slowly for a burst:';
  if (backlog === undefined || somaxconn === undefined) {
    const text = `${when} a larger backlog in listen(), and a restart; net.core.somaxconn is the most it can be`;
    return { text, command: 'sysctl net.core.somaxconn', risk: 'restart' };
  }
  if (backlog < somaxconn) {
    return { text: `${when} a larger backlog in listen(), and a restart; up to ${count(somaxconn)} (net.core.somaxconn) are allowed`, risk: 'restart' };
  }
  const text = `${when} the backlog is as large as net.core.somaxconn allows; raise that, and restart with at least as many in listen()`;
  return { text, command: `sysctl -w net.core.somaxconn=${Math.max(USUAL_SOMAXCONN, 2 * somaxconn)}`, risk: 'host' };
}
