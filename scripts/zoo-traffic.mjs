// Gentle traffic in a process of its own: zoo-traffic.mjs http|redis PORT. About 40 connections come and go in a second, with slow
// waves; eight others are kept and used. Ends with its parent.
import { Agent, get } from 'node:http';
import { connect } from 'node:net';

const [kind, port] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
process.on('disconnect', () => process.exit());

function http(fresh) {
  get({ port, host: '127.0.0.1', path: '/', agent: fresh ? false : agent }, (response) => response.resume()).on('error', () => undefined);
}

const kept = [];

function redis(fresh) {
  if (fresh) {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.on('data', () => socket.end()).on('error', () => undefined);
    return;
  }
  if (kept.length < 8) kept.push(connect(port, '127.0.0.1').on('error', () => undefined).resume());
  kept[Math.floor(Math.random() * kept.length)].write('INCR counter\r\n');
}

const ask = kind === 'http' ? http : redis;
const began = performance.now();
let owed = 0;
let last = began;
setInterval(() => {
  const now = performance.now();
  owed += ((now - last) / 1000) * 40 * (1 + 0.5 * Math.sin((now - began) / 20_000));
  last = now;
  for (; owed >= 1; owed--) {
    ask(true);
    ask(false);
  }
}, 20);
