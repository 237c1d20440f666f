import { expect, it } from 'vitest';
import { notableSockets } from '../../src/kernel/notable-sockets.ts';
import { makeFd } from '../support/fds.ts';

it('leaves out connections and UDP sockets with nothing on their way, and nothing else', () => {
  const plain = { receiveQueue: 0, sendQueue: 0 };
  const fds = [
    makeFd('socket:[1]', { fd: 1, row: plain }),
    makeFd('socket:[2]', { fd: 2, row: { ...plain, protocol: 'udp6', state: 'UNCONNECTED' } }),
    makeFd('socket:[3]', { fd: 3, row: { ...plain, receiveQueue: 1 } }),
    makeFd('socket:[4]', { fd: 4, row: { ...plain, sendQueue: 1 } }),
    makeFd('socket:[5]', { fd: 5, row: { ...plain, state: 'CLOSE_WAIT' } }),
    makeFd('socket:[6]', { fd: 6, row: { ...plain, state: 'LISTEN' } }),
    makeFd('socket:[7]', { fd: 7, row: { protocol: 'unix', state: 'UNCONNECTED' } }),
    makeFd('socket:[8]', { fd: 8 }),
    makeFd('/tmp/a', { fd: 9 }),
  ];
  expect(notableSockets(fds).map(({ fd }) => fd)).toEqual([3, 4, 5, 6, 7, 8]);
  expect(notableSockets(fds)).toBe(notableSockets(fds));
});
