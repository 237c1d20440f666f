import { limitRule } from './host-limit.ts';

/** fs.file-max: open files of all processes together. */
export const fileMax = limitRule('host/file-max', {
  kind: 'open files',
  what: () => 'open files of this host (fs.file-max)',
  effect: 'open(), socket() and accept() of every process without CAP_SYS_ADMIN fail with ENFILE',
  remedies: ({ limit }) => [
    { text: 'see who has most open', command: 'reloadctl fds --top', risk: 'none' },
    { text: 'raise it', command: `sudo sysctl -w fs.file-max=${limit! * 2}`, risk: 'host' },
  ],
});
