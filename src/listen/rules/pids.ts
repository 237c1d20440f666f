import { shellWord } from '../../report/words.ts';
import { limitRule } from './host-limit.ts';

/** pids.max of a cgroup, kernel.threads-max and kernel.pid_max of the host: threads count as processes do. */
export const pids = limitRule('host/pids', {
  kind: 'tasks',
  what: ({ of, source }) => (of === undefined ? `processes and threads of this host (${source.slice('/proc/sys/'.length).replaceAll('/', '.')})` : `processes and threads of the cgroup ${of}`),
  effect: 'fork() and new threads fail with EAGAIN ("Resource temporarily unavailable", "cannot create thread")',
  remedies: ({ of, source, limit }) =>
    of === undefined
      ? [
          { text: 'see which programs have most threads', command: 'ps -eo nlwp,pid,comm --sort=-nlwp', risk: 'none' },
          { text: 'raise it', command: `sudo sysctl -w ${source.slice('/proc/sys/'.length).replaceAll('/', '.')}=${limit! * 2}`, risk: 'host' },
        ]
      : [
          { text: 'see who is in it', command: `xargs -n1 ps -o nlwp=,pid=,comm= -p <${shellWord(`${of}/cgroup.procs`)}`, risk: 'none' },
          { text: 'raise it (for good: TasksMax= of the unit, --pids-limit of the container)', command: `echo ${limit! * 2} | sudo tee ${shellWord(source)}`, risk: 'live' },
        ],
});
