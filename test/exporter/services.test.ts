import { describe, expect, it } from 'vitest';
import { serviceOf } from '../../src/exporter/services.ts';

const ID = 'ab12'.repeat(16);

describe('a process is counted under', () => {
  it.each([
    ['its service', 'nginx', '0::/system.slice/nginx.service\n', 'nginx.service'],
    ['its program in a session', 'vim', '0::/user.slice/user-1000.slice/session-42.scope\n', 'vim'],
    ['its program below the manager of a user', 'bash', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-1.scope\n', 'bash'],
    ['its container', 'app', `0::/system.slice/docker-${ID}.scope\n`, `container:${ID.slice(0, 12)}`],
    ['its pod', 'app', `0::/kubepods.slice/kubepods-pod0123abcd_0123_0123_0123_0123456789ab.slice/cri-containerd-${ID}.scope\n`, 'pod:0123abcd-0123-0123-0123-0123456789ab'],
    ['a name without its numbers', 'worker-48213', '0::/\n', 'worker-*'],
    ['its program, whatever it says of its arguments', 'npm run build', '0::/\n', 'npm'],
    ['its program, whatever part of it that is', 'tmux: server', '0::/\n', 'tmux'],
    ['a name of blanks', '   ', '0::/\n', ''],
    ['its name with few of them', 'python3', '', 'python3'],
  ])('%s', (_name, comm, cgroup, expected) => {
    expect(serviceOf(comm, cgroup)).toBe(expected);
  });

  it.each(['MainThread', 'node-MainThread'])('its executable, where Node calls it %s', (comm) => {
    expect(serviceOf(comm, '0::/\n', () => '/opt/node-24/bin/nodejs (deleted)')).toBe('nodejs');
    expect(serviceOf(comm, '0::/\n')).toBe('node');
  });
});
