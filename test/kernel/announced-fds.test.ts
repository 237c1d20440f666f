import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedFds } from '../../src/kernel/announced-fds.ts';

const environ = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\0`)
    .join('');
const announced = (variables: Record<string, string>, fds: number[] = [3, 4, 5, 6, 7, 8, 9, 80, 8080], pids: number[] = [42]): number[] =>
  announcedFds(environ(variables), pids, fds);

describe('announcedFds', () => {
  it.each<[string, Record<string, string>, number[]]>([
    ['sd_listen_fds for it', { LISTEN_FDS: '2', LISTEN_PID: '42' }, [3, 4]],
    ['sd_listen_fds for another', { LISTEN_FDS: '2', LISTEN_PID: '41' }, []],
    ['sd_listen_fds with names', { LISTEN_FDS: '1', LISTEN_PID: '42', LISTEN_FDNAMES: 'http:5' }, [3]],
    ['generations of a Go server, which cannot know the pid', { LISTEN_FDS: '3' }, [3, 4, 5]],
    ['nginx', { NGINX: '6;7;' }, [6, 7]],
    ['einhorn', { EINHORN_FD_COUNT: '2', EINHORN_FD_0: '4', EINHORN_FD_1: '5' }, [4, 5]],
    ['gunicorn', { GUNICORN_FD: '5,6', GUNICORN_PID: '7' }, [5, 6]],
    ['unicorn', { UNICORN_FD: '5' }, [5]],
    ['the channel of a Node child', { NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' }, [3]],
    ['puma', { PUMA_INHERIT_0: '5:tcp://0.0.0.0:9', PUMA_INHERIT_1: '6:unix:/run/7.sock' }, [5, 6]],
    ['server_starter', { SERVER_STARTER_PORT: '0.0.0.0:80=3;/tmp/4.sock=5' }, [3, 5]],
    ['several separated by spaces and colons', { INHERITED_FDS: '4 5:6' }, [4, 5, 6]],
  ])('%s', (_name, variables, expected) => {
    expect(announced(variables)).toEqual(expected);
  });

  it.each<[string, Record<string, string>]>([
    ['a port', { LISTEN_PORT: '80', SOCKET_PORT: '8080' }],
    ['an address', { LISTEN: '0.0.0.0:80', LISTEN_ADDR: ':8080', HTTP_LISTEN: '[::]:80' }],
    ['the agent of ssh', { SSH_AUTH_SOCK: '/tmp/ssh-6/agent.7' }],
    ['a count, a pid, a size', { SOCKET_COUNT: '3', LISTEN_PID: '4', LISTEN_BACKLOG: '80', MAX_FD: '9', FD_TIMEOUT: '5' }],
    ['another variable', { WORKERS: '4', PATH: '/5:/6' }],
    ['a hash on a redacted tape', { INHERITED_FDS: 'c6f3a1b2d4e5f607', NGINX_SOCKETS: '6a7b' }],
    ['a version or a fraction', { FD_LIMIT_RATIO: '6.7', NGINX_VERSION: '1.6.7' }],
    ['no number of descriptors', { LISTEN_FDS: 'all', LISTEN_PID: '42' }],
  ])('is not taken in by %s', (_name, variables) => {
    expect(announced(variables)).toEqual([]);
  });

  it('knows a process by its pid in a container as well', () => {
    expect(announced({ LISTEN_FDS: '1', LISTEN_PID: '1' }, [3], [4242, 4242, 1])).toEqual([3]);
    expect(announced({ LISTEN_FDS: '1', LISTEN_PID: '1' }, [3], [4242])).toEqual([]);
  });

  it('never throws, and announces nothing that was not asked for', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('LISTEN_FDS', 'NGINX', 'X_FD', 'SERVER_STARTER_PORT'),
        fc.array(fc.nat(9)),
        (value, name, fds) => {
          for (const fd of announcedFds(`${name}=${value}\0`, [42], fds)) expect(fds).toContain(fd);
        },
      ),
    );
  });
});
