import type { Remedy } from '../../report/index.ts';
import type { FullQueue } from './accept-queues.ts';

/** First what keeps the program from accepting, then the size of the queue. */
export function listenerRemedies({ owner, row }: FullQueue, stopped: boolean): Remedy[] {
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
      text: 'what clients see: connects that take 1 s, 3 s, 7 s and more, or time out, without an error on either side',
      command: port === undefined ? 'ss -lxn' : `ss -ltn 'sport = :${port}'`,
      risk: 'none',
    },
    {
      text: 'when it does accept, only too slowly for a burst: a larger backlog in listen(), which net.core.somaxconn clips, and a restart',
      command: 'sysctl -w net.core.somaxconn=4096',
      risk: 'host',
    },
  ];
}
