/** Healthy programs at work: nothing above `info`, look after look. */
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { alarmsOf, look } from '../cli/support/look.ts';
import { startChild } from './support/child.ts';
import { startLoad } from './support/load.ts';
import { describeNeeds, need } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, PYTHON, startFactory, startNode } from './support/program.ts';
import { startRedis } from './support/redis.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const LOOKS = 5;
/** A look takes a fifth of a second, on a machine that does much else several. */
const PATIENCE = { timeout: 120_000 };

/** Every look must see the process whole and have no alarm; one of them without native calls. */
async function expectSilence(args: (string | number)[], looks = LOOKS): Promise<void> {
  for (let number = 1; number <= looks; number++) {
    const looked = await look(args, number === looks ? { env: { RELOADCTL_NO_NATIVE: '1' } } : {});
    expect(alarmsOf(looked), `look ${number}`).toEqual([]);
    expect([looked.run.code, looked.report.verdict, looked.run.stderr]).toEqual([0, 'pass', '']);
    expect(looked.report.data.open).toBeGreaterThan(0);
  }
}

/** Clients that ask and wait in turn, one of ten anew each time; returns how many answers came. */
function startPings(port: number, clients: number): { answered(): number; stop(): void } {
  let answered = 0;
  let over = false;
  const start = (lasting: boolean): void => {
    if (over) return;
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.on('error', () => undefined);
    socket.on('data', () => {
      answered++;
      if (over || !lasting) socket.end();
      else setTimeout(() => socket.write('PING\r\n'), 2);
    });
    socket.on('close', () => start(lasting));
  };
  for (let number = 0; number < clients; number++) start(number % 10 !== 0);
  return {
    answered: () => answered,
    stop: () => {
      over = true;
    },
  };
}

const PREFORK = `
import os, socket, sys
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(64)
for _ in range(3):
    if os.fork() == 0:
        while True:
            connection, _ = listener.accept()
            while data := connection.recv(4096):
                connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
            connection.close()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
os.killpg(0, 15)
`;

describeNeeds(['nginx', 'setpriv'], 'silence: nginx', () => {
  it('under load, master and workers as one service', PATIENCE, async () => {
    const nginx = await startNginx();
    const load = startLoad({ port: nginx.port, keepAlive: 30, fresh: 6, pauseMs: 5, durationMs: 60_000 });
    await until(() => load.answered() > 100, { what: 'answers' });
    await expectSilence([nginx.pid, '--tree']);
    await nginx.reload();
    await expectSilence([`${nginx.dir}/nginx.pid`, '--tree'], 2);
    await expectSilence([`:${nginx.port}`], 2);
    const before = load.answered();
    await until(() => load.answered() > before, { what: 'the load to go on to the end' });
    // A reload closes idle kept connections, at times just as a request is on its way: that is nginx, and known.
    const { errors } = await load.stop();
    expect(errors.filter((error) => !/socket hang up|ECONNRESET/.test(error))).toEqual([]);
    await nginx.stop();
  });
});

describeNeeds(['redis-server', 'setpriv'], 'silence: redis', () => {
  it('under load', PATIENCE, async () => {
    const redis = await startRedis();
    const load = startPings(redis.port, 40);
    await until(() => load.answered() > 100, { what: 'answers' });
    await expectSilence([redis.pid]);
    const before = load.answered();
    await until(() => load.answered() > before, { what: 'the load to go on to the end' });
    load.stop();
    await redis.stop();
  });
});

it('silence: a busy Node server', PATIENCE, async () => {
  const { pid, stop } = await startNode('busy-server.mjs', ['connections=30', 'pause=2']);
  await expectSilence([pid]);
  await stop();
});

it('silence: this very test process, and the one that started it', PATIENCE, async () => {
  await expectSilence([process.pid]);
  await expectSilence([process.ppid]);
});

it('silence: an idle shell', PATIENCE, async () => {
  const shell = await startChild('/bin/sh', []);
  shell.say('echo ready');
  await shell.nextLine();
  await expectSilence([shell.pid]);
  await shell.stop();
});

describeNeeds(['python3'], 'silence: python', () => {
  it.skipIf(!need('setsid'))('a prefork server under load', PATIENCE, async () => {
    const server = await startChild('setsid', ['-w', PYTHON, '-c', PREFORK]);
    const port = Number(await server.nextLine());
    const load = startLoad({ port, keepAlive: 2, fresh: 2, durationMs: 60_000 });
    await until(() => load.answered() > 20, { what: 'answers' });
    await expectSilence([`:${port}`]);
    await load.stop();
    await server.stop();
  });

  it('http.server under load', PATIENCE, async () => {
    const port = await freePort();
    const server = await startChild(PYTHON, ['-u', '-m', 'http.server', '--bind', '127.0.0.1', String(port)], { cwd: ownFolder('http') });
    const load = startLoad({ port, keepAlive: 5, fresh: 5, durationMs: 60_000 });
    await until(() => load.answered() > 20, { what: 'answers' });
    await expectSilence([server.pid]);
    await load.stop();
    await server.stop('SIGTERM');
  });

  it('connections that carry data, files that come and go', PATIENCE, async () => {
    const connections = ['established=40:active=1', 'established=40:active=1:side=server'];
    const { pid, stop } = await startFactory([...connections, 'churn=200', 'epoll-healthy=20:churn=100']);
    await expectSilence([pid]);
    await stop();
  });
});
