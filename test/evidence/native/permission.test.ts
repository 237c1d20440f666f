import { expect, it } from 'vitest';
import { bundled, describeWith, NOBODY, runNode } from './support.ts';

describeWith('without permission', ['native', 'root', 'nodeForNobody'], () => {
  it('sees the tables, and is refused by what needs ptrace access', async () => {
    const body = `
import { loadNative } from ${JSON.stringify(await bundled(true))};
import { createServer } from 'node:net';
const native = loadNative();
const code = (action) => { try { action(); return 'done'; } catch (error) { return error.code; } };
const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 9 }, () => {
  const local = '127.0.0.1:' + server.address().port;
  console.log(JSON.stringify({
    uid: process.getuid(),
    backlog: native.sockDiag('tcp').find((socket) => socket.local === local)?.sendQueue,
    unix: code(() => native.sockDiag('unix')),
    same: code(() => native.sameDescription(${process.pid}, 0, ${process.pid}, 1)),
    epoll: code(() => native.isEpollTarget(${process.pid}, 0, 3, 0)),
    probe: code(() => native.probeSocket(${process.pid}, 0)),
    watch: code(() => native.network.watchListeners(process.pid)),
    own: native.probeSocket(process.pid, server._handle.fd),
  }));
  server.close();
});`;
    expect(runNode(body, { uid: NOBODY, gid: NOBODY })).toMatchObject({
      uid: NOBODY, backlog: 9, unix: 'done', same: 'EPERM', epoll: 'EPERM', probe: 'EPERM', watch: 'done',
      own: { domain: 2, listening: true, tcp: { state: 10 } },
    });
  });
});
