import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { infoValue, isAlive, linkOf, listenOverflows, tcpRows, tcpRowsOf } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { startFactory } from './support/program.ts';
import { until } from './support/until.ts';

describeNeeds(['python3'], 'factory: TCP', () => {
  it('leaves sockets in CLOSE_WAIT, with the end of the stream read or not, and data unread', async () => {
    const { pid, truth, stop } = await startFactory(['close-wait=23', 'established=50', 'never-connected=23', 'bound-not-listening=3']);
    const rows = tcpRowsOf(pid, truth.fds['close-wait'] ?? []);
    const remotePort = truth.facts['close-wait']?.port;
    expect(rows).toEqual(Array(23).fill(expect.objectContaining({ state: '08', receiveQueue: 0, remotePort })));
    const established = tcpRowsOf(pid, truth.fds.established ?? []);
    expect(established).toEqual(Array(50).fill(expect.objectContaining({ state: '01', remotePort: truth.facts.established?.port })));
    expect(tcpRowsOf(pid, truth.fds['never-connected'] ?? [])).toEqual(Array(23).fill(undefined));
    expect(tcpRowsOf(pid, truth.fds['bound-not-listening'] ?? [])).toEqual(Array(3).fill(undefined));
    await stop();
  });

  it.each([
    // The end of the stream counts as one byte of the receive queue until it is read.
    ['close-wait=3:eof=unread', 1],
    ['close-wait=3:eof=data', 101],
    ['close-wait=3:side=server', 0],
  ])('%s', async (request, receiveQueue) => {
    const { pid, truth, stop } = await startFactory([request]);
    expect(tcpRowsOf(pid, truth.fds['close-wait'] ?? [])).toEqual(Array(3).fill(expect.objectContaining({ state: '08', receiveQueue })));
    await stop();
  });

  it('leaves sockets that are in no table', async () => {
    const { pid, truth, stop } = await startFactory(['closed-both=23', 'reset=2', 'refused=2']);
    for (const [name, count] of Object.entries({ 'closed-both': 23, reset: 2, refused: 2 })) {
      const fds = truth.fds[name] ?? [];
      expect(fds.map((fd) => linkOf(pid, fd))).toEqual(Array(count).fill(expect.stringMatching(/^socket:/)));
      expect(tcpRowsOf(pid, fds)).toEqual(Array(count).fill(undefined));
    }
    await stop();
  });

  it('fills an accept queue: two never accepted, one that keeps knocking, overflows that count up', async () => {
    const { pid, truth, stop } = await startFactory(['accept-queue-full', 'tcp-listen-backlog=1:queue=3:max=7']);
    const port = truth.facts['accept-queue-full']?.ports?.[0];
    expect(tcpRowsOf(pid, truth.fds['accept-queue-full'] ?? [])).toMatchObject([{ state: '0A', receiveQueue: 2, localPort: port }]);
    expect(tcpRows(pid).filter((row) => row.localPort === port && row.state === '01' && row.inode === '0')).toHaveLength(2);
    const before = listenOverflows(pid);
    await until(() => listenOverflows(pid) >= before + 2, { what: 'two more overflows' });
    expect(tcpRows(pid).some((row) => row.remotePort === port && row.state === '02')).toBe(true);
    expect(tcpRowsOf(pid, truth.fds['tcp-listen-backlog'] ?? [])).toMatchObject([{ state: '0A', receiveQueue: 3 }]);
    await stop();
  });

  it('leaves data unread, all of it received', async () => {
    const { pid, truth, stop } = await startFactory(['unread=20:bytes=70000']);
    expect(tcpRowsOf(pid, truth.fds.unread ?? [])).toEqual(Array(20).fill(expect.objectContaining({ state: '01', receiveQueue: 70000 })));
    await stop();
  });

  it('shares a port by SO_REUSEPORT, and holds accepted connections', async () => {
    const { pid, truth, stop } = await startFactory(['reuseport=3', 'established=4:side=server:active=1', 'tcp-listen=2']);
    const group = tcpRowsOf(pid, truth.fds.reuseport ?? []);
    expect(group).toEqual(Array(3).fill(expect.objectContaining({ state: '0A', localPort: truth.facts.reuseport?.port })));
    expect(new Set(group.map((row) => row?.inode)).size).toBe(3);
    const accepted = tcpRowsOf(pid, truth.fds.established ?? []);
    expect(accepted).toEqual(Array(4).fill(expect.objectContaining({ state: '01', localPort: truth.facts.established?.port })));
    expect(tcpRowsOf(pid, truth.fds['tcp-listen'] ?? []).map((row) => row?.localPort)).toEqual(truth.facts['tcp-listen']?.ports);
    await stop();
  });

  it('ends with its peers, however it ends', async () => {
    const { pid, truth, stop } = await startFactory(['established=2', 'inherit-file', 'accept-queue-full']);
    const others = [...truth.peers, ...truth.children].map((one) => one.pid);
    expect(others.map(isAlive)).toEqual([true, true, true]);
    process.kill(pid, 'SIGKILL');
    await until(() => !others.some(isAlive), { what: 'the end of peers and children' });
    await stop();
  });
});

describeNeeds(['python3'], 'factory: sockets beside TCP', () => {
  it('makes UDP and unix sockets as told', async () => {
    const { pid, truth, stop } = await startFactory(['udp=2', 'udp-connected', 'unix-listen', 'unix-abstract', 'in-flight=3']);
    const table = readFileSync(`/proc/${pid}/net/udp`, 'latin1').split('\n');
    const states = new Map(table.map((line) => line.trim().split(/\s+/)).map((fields) => [`socket:[${fields[9]}]`, fields[3]]));
    const udp = (name: string): (string | undefined)[] => (truth.fds[name] ?? []).map((fd) => states.get(linkOf(pid, fd)));
    expect(udp('udp')).toEqual(['07', '07']);
    expect(udp('udp-connected')).toEqual(['01']);
    const unix = readFileSync(`/proc/${pid}/net/unix`, 'latin1').split('\n');
    for (const name of ['unix-listen', 'unix-abstract']) {
      const inode = /\d+/.exec(linkOf(pid, truth.fds[name]?.[0] ?? -1))?.[0];
      expect(unix.find((line) => line.includes(` ${inode} `))?.split(' ').pop()).toBe(truth.facts[name]?.paths?.[0]);
    }
    expect(infoValue(pid, truth.fds['in-flight']?.[0] ?? -1, 'scm_fds')).toBe('3');
    await stop();
  });
});
