import { expect, it } from 'vitest';
import { join, statesText } from '../../src/incident/join.ts';
import type { PartsData } from '../../src/incident/types.ts';

const connection = (site: string, local: string, peer: string | undefined, state: string): object => ({ id: '1', fd: 3, group: 0, site, wait: 'IO wait', local, ...(peer !== undefined && { peer }), state });

const PARTS = {
  listen: {
    listeners: [{ address: '::', port: 8080, queue: 3, backlog: 128, owners: [{ generation: 0 }, { generation: 1 }, { generation: 1 }] }],
    generations: [{ comm: 'api', pids: [41], ageMs: 90_000 }, { comm: 'api', pids: [42, 43], ageMs: 1000 }],
  },
  goroutines: [{
    pid: 42,
    memory: {
      connections: [
        connection('main.serve', '10.0.0.1:8080', '10.0.0.9:40001', 'ESTABLISHED'), connection('main.serve', '10.0.0.1:8080', '10.0.0.9:40002', 'CLOSE_WAIT'),
        connection('main.query', '10.0.0.1:52000', '10.0.0.7:5432', 'ESTABLISHED'), { id: '9', fd: 5, group: 9 },
      ],
    },
  }],
  node: { handles: [
    { pid: 50, kind: 'tcp-socket', fd: 20, site: '/srv/app.js:3:1', remote: '10.0.0.7:5432', local: '10.0.0.1:1', state: 'CLOSE_WAIT' },
    { pid: 50, kind: 'timer-interval', site: '/srv/app.js:9:1' }, { pid: 50, kind: 'tcp-server', fd: 21, local: ':::9090' },
  ] },
  inotify: {
    instances: [{ pid: 42, fd: 7, watches: 3, library: 'chokidar' }],
    watches: [{ pid: 42, fd: 7, path: '/a', state: 'ok' }, { pid: 42, fd: 7, path: null, state: 'deleted' }, { pid: 42, fd: 8, path: '/z', state: 'ok' }],
  },
} as unknown as PartsData;

it('goroutines and handles by the sockets they have; clients by their address, servers with their port', () => {
  expect(join(PARTS).holders).toEqual([
    { by: 'goroutines', pid: 42, who: 'main.serve', how: 'IO wait', sockets: 2, byState: { CLOSE_WAIT: 1, ESTABLISHED: 1 }, peers: [{ peer: '10.0.0.9', count: 2 }] },
    { by: 'goroutines', pid: 42, who: 'main.query', how: 'IO wait', sockets: 1, byState: { ESTABLISHED: 1 }, peers: [{ peer: '10.0.0.7:5432', count: 1 }] },
    { by: 'handles', pid: 50, who: 'tcp-server', how: 'kind', sockets: 1, byState: {}, peers: [] },
    { by: 'handles', pid: 50, who: 'tcp-socket from /srv/app.js:3:1', how: 'site', sockets: 1, byState: { CLOSE_WAIT: 1 }, peers: [{ peer: '10.0.0.7:5432', count: 1 }] },
  ]);
  expect(statesText({ ESTABLISHED: 1400, CLOSE_WAIT: 12 })).toBe('1,400 ESTABLISHED, 12 CLOSE_WAIT');
});

it('listeners by the runs of programs that hold them, watches by their library, dead ones counted', () => {
  const { listeners, watches } = join(PARTS);
  expect(listeners).toEqual([{ address: '::', port: 8080, queue: 3, backlog: 128, generations: [{ comm: 'api', pids: [41], ageMs: 90_000 }, { comm: 'api', pids: [42, 43], ageMs: 1000 }] }]);
  expect(watches).toEqual([{ pid: 42, fd: 7, library: 'chokidar', watches: 3, dead: 1, examples: ['/a'] }]);
});

it('of nothing nothing', () => {
  expect(join({})).toEqual({ holders: [], watches: [], listeners: [] });
});
