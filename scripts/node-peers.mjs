// What reloadctl node, why-is-node-running and wtfnode say of each leak of fixtures/programs/node-leaks.mjs, all three loaded before the
// program: node scripts/node-peers.mjs [--json] [LEAK ...], after npm run build and npm ci --prefix fixtures/node-peers.
// S: the line that leaks is named; k: the kind of what is left open; -: neither. The peers get the benefit of the doubt: a word for the
// kind anywhere in what they print counts, though it may be about something else.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEAKS = `${ROOT}fixtures/programs/node-leaks.mjs`;
const PEERS = `${ROOT}fixtures/node-peers`;
const DEADLINE_MS = 20_000;

/** Words of the peers for what is left open. */
const WORDS = {
  interval: /Timeout|Interval/, timeout: /Timeout|Timers/, 'interval-after-await': /Timeout|Interval/,
  'http-server': /SERVERWRAP|Servers/, 'net-server': /SERVERWRAP|Servers/, 'tls-server': /SERVERWRAP|Servers/, 'unix-server': /SERVERWRAP|Servers/,
  'idle-client': /TCPWRAP|Sockets/, 'close-wait': /TCPWRAP|Sockets/, 'http-request': /TCPWRAP|HTTPCLIENT|Sockets/, 'fetch-body': /TCPWRAP|Sockets/,
  'fs-watch': /FSEVENT|FSWatcher/i, 'fs-watch-file': /STATWATCHER/i, 'child-process': /PROCESSWRAP|Child process/i, worker: /WORKER/i,
  udp: /UDPWRAP|Sockets/, 'message-port': /MESSAGEPORT/i, stdin: /PIPEWRAP|TTYWRAP|File descriptors/, 'file-handle': /FILEHANDLE/i,
  'open-sync': /\/node-leaks\.mjs$/m, 'read-stream': /ReadStream/,
};

/** Starts the program, and gives its line of truth, the rest of what it prints, and its end. */
async function start(options, leak) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [...options, LEAKS, leak], { stdio: ['pipe', 'pipe', 'ignore'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${leak} ended`);
    if (value.startsWith('{"pid"')) return { child, lines, ...JSON.parse(value) };
  }
}

async function end(child) {
  child.kill('SIGTERM');
  await Promise.race([new Promise((resolve) => child.once('exit', resolve)), sleep(2000)]);
  child.kill('SIGKILL');
}

async function byPeer(options, leak) {
  const { child, lines, line } = await start(options, leak);
  const late = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  try {
    child.kill('SIGUSR2');
    let text = '';
    for (let next = await lines.next(); !next.done && next.value !== 'END'; next = await lines.next()) text += `${next.value}\n`;
    return text.includes(`node-leaks.mjs:${line}`) ? 'S' : WORDS[leak].test(text) ? 'k' : '-';
  } finally {
    clearTimeout(late);
    await end(child);
  }
}

async function byUs(leak) {
  const { child, pid, line } = await start(['--import', `${ROOT}dist/register.cjs`], leak);
  try {
    const { stdout } = spawnSync(process.execPath, [`${ROOT}bin/reloadctl.js`, 'node', String(pid), '--json'], { encoding: 'utf8' });
    const { data } = JSON.parse(stdout);
    const sites = [...data.handles, ...data.orphanFds].flatMap(({ site }) => site ?? []);
    return sites.some((site) => site.includes(`node-leaks.mjs:${line}:`)) ? 'S' : '-';
  } finally {
    await end(child);
  }
}

const asJson = process.argv.includes('--json');
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const matrix = {};
for (const leak of named.length > 0 ? named : Object.keys(WORDS)) {
  matrix[leak] = {
    reloadctl: await byUs(leak),
    'why-is-node-running': await byPeer(['--import', `${PEERS}/why.mjs`], leak),
    wtfnode: await byPeer(['--require', `${PEERS}/wtf.cjs`], leak),
  };
}
if (asJson) process.stdout.write(`${JSON.stringify(matrix)}\n`);
else {
  const { dependencies } = JSON.parse(readFileSync(`${PEERS}/package.json`, 'utf8'));
  const names = ['reloadctl', ...Object.entries(dependencies).map(([name, version]) => `${name} ${version}`)];
  process.stdout.write(`| left open | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}\n`);
  for (const [leak, said] of Object.entries(matrix)) process.stdout.write(`| ${leak} | ${Object.values(said).join(' | ')} |\n`);
}
