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

/** Every look must see the process whole and have no alarm; one of them without native calls. */
async function expectSilence(args: (string | number)[]): Promise<void> {
  for (let number = 1; number <= LOOKS; number++) {
    const looked = await look(args, number === LOOKS ? { env: { RELOADCTL_NO_NATIVE: '1' } } : {});
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
  it('under load, master and workers as one service', async () => {
    const nginx = await startNginx();
    const load = startLoad({ port: nginx.port, keepAlive: 30, fresh: 6, pauseMs: 2, durationMs: 30_000 });
    await until(() => load.answered() > 100, { what: 'answers' });
    await expectSilence([nginx.pid, '--tree']);
    await nginx.reload();
    await expectSilence([`${nginx.dir}/nginx.pid`, '--tree']);
    await expectSilence([`:${nginx.port}`]);
    expect((await load.stop()).answered).toBeGreaterThan(500);
    await nginx.stop();
  });
});

describeNeeds(['redis-server', 'setpriv'], 'silence: redis', () => {
  it('under load', async () => {
    const redis = await startRedis();
    const load = startPings(redis.port, 40);
    await until(() => load.answered() > 100, { what: 'answers' });
    await expectSilence([redis.pid]);
    load.stop();
    expect(load.answered()).toBeGreaterThan(500);
    await redis.stop();
  });
});

it('silence: a busy Node server', async () => {
  const { pid, stop } = await startNode('busy-server.mjs', ['connections=30', 'pause=2']);
  await expectSilence([pid]);
  await stop();
});

it('silence: this very test process, and the one that started it', async () => {
  await expectSilence([process.pid]);
  await expectSilence([process.ppid]);
});

it('silence: an idle shell', async () => {
  const shell = await startChild('/bin/sh', []);
  shell.say('echo ready');
  await shell.nextLine();
  await expectSilence([shell.pid]);
  await shell.stop();
});

describeNeeds(['python3'], 'silence: python', () => {
  it.skipIf(!need('setsid'))('a prefork server under load', async () => {
    const server = await startChild('setsid', ['-w', PYTHON, '-c', PREFORK]);
    const port = Number(await server.nextLine());
    const load = startLoad({ port, keepAlive: 2, fresh: 2, durationMs: 20_000 });
    await until(() => load.answered() > 20, { what: 'answers' });
    await expectSilence([`:${port}`]);
    await load.stop();
    await server.stop();
  });

  it('http.server under load', async () => {
    const port = await freePort();
    const server = await startChild(PYTHON, ['-u', '-m', 'http.server', '--bind', '127.0.0.1', String(port)], { cwd: ownFolder('http') });
    const load = startLoad({ port, keepAlive: 5, fresh: 5, durationMs: 20_000 });
    await until(() => load.answered() > 20, { what: 'answers' });
    await expectSilence([server.pid]);
    await load.stop();
    await server.stop('SIGTERM');
  });

  it('connections that carry data, files that come and go', async () => {
    const { pid, stop } = await startFactory(['established=40:active=1', 'established=40:active=1:side=server', 'churn=200', 'epoll-healthy=20:churn=100']);
    await expectSilence([pid]);
    await stop();
  });
});
