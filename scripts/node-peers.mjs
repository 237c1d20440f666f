// What reloadctl node, why-is-node-running and wtfnode say of each leak of fixtures/programs/node-leaks.mjs, all three loaded before the
// program, and what jest --detectOpenHandles and vitest --detect-async-leaks say of a test that leaks it:
// node scripts/node-peers.mjs [--json] [LEAK ...], after npm run build and npm ci --prefix fixtures/node-peers.
// S: the line that leaks is named; k: the kind of what is left open; -: neither. The peers get the benefit of the doubt: a word for the
// kind anywhere in what they print counts, though it may be about something else.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEAKS = `${ROOT}fixtures/programs/node-leaks.mjs`;
const PEERS = `${ROOT}fixtures/node-peers`;
const DEADLINE_MS = 20_000;
/** On a machine that is too busy to look in time reloadctl says so, and is asked again, so often. */
const MOST_LOOKS = 5;
/** Leaks that are looked at beside each other. */
const AT_ONCE = 2;
const run = promisify(execFile);

/** Words of the peers for what is left open. */
const WORDS = {
  interval: /Timeout|Interval/, timeout: /Timeout|Timers/, 'interval-after-await': /Timeout|Interval/,
  'http-server': /SERVERWRAP|Servers/, 'net-server': /SERVERWRAP|Servers/, 'tls-server': /SERVERWRAP|Servers/, 'unix-server': /SERVERWRAP|Servers/,
  'idle-client': /TCPWRAP|Sockets/, 'close-wait': /TCPWRAP|Sockets/, 'http-request': /TCPWRAP|HTTPCLIENT|Sockets/, 'fetch-body': /TCPWRAP|Sockets|PROMISE/,
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

/** The leaks as a CommonJS module, line by line: jest follows nothing that is made after an await, and every import() is one. */
function asCommonJs(text) {
  return text
    .slice(0, text.indexOf('await leaks[kind]();'))
    .replace(/^import (\w+) from '(.+)';$/gm, "const $1 = require('$2');")
    .replace(/^import \{ (.+) \} from '(.+)';$/gm, (_, names, from) => `const { ${names.replaceAll(' as ', ': ')} } = require('${from}');`)
    .replace('fileURLToPath(import.meta.url)', '__filename')
    .concat('module.exports = leaks;\n');
}

/** Two runners of tests, a test file for each leak: all that they say. */
const RUNNERS = {
  jest: { file: 'jest/bin/jest.js', args: ['--detectOpenHandles', '--forceExit', '--no-cache', '--rootDir=.', '--testMatch=**/*.test.js', '--testTimeout=10000'] },
  vitest: { file: 'vitest/vitest.mjs', args: ['run', '--root=.', '--globals', '--detect-async-leaks', '--testTimeout=10000'] },
};

/** `{leak: S, k or -}`. What is told of a test is told with its file, or with a line of the leaks. */
async function byRunner(name, leaks) {
  const { file, args } = RUNNERS[name];
  const text = readFileSync(LEAKS, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-peers-'));
  try {
    symlinkSync(name === 'vitest' ? `${ROOT}node_modules` : `${PEERS}/node_modules`, join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{}');
    writeFileSync(join(folder, 'node-leaks.js'), asCommonJs(text));
    for (const leak of leaks) writeFileSync(join(folder, `${leak}.test.js`), `const leaks = require('./node-leaks.js');\ntest('leaks', () => leaks['${leak}']());\n`);
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    // Neither ends with another code for what it has found.
    const running = run(process.execPath, [join(folder, 'node_modules', file), ...args], { cwd: folder, env: { ...env, NO_COLOR: '1' }, timeout: 120_000 });
    running.child.stdin.end();
    const { stdout, stderr } = await running;
    const said = `${stdout}${stderr}`.split(/\n\n(?=\S)|\n(?=\s*●)/);
    return Object.fromEntries(leaks.map((leak) => {
      const line = text.split('\n').findIndex((one) => one.endsWith(`// LEAK ${leak}`)) + 1;
      const isNamed = said.some((part) => part.includes(`node-leaks.js:${line}:`));
      return [leak, isNamed ? 'S' : said.some((part) => part.includes(`${leak}.test.js:`) && WORDS[leak].test(part)) ? 'k' : '-'];
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `data` of a look that could see what it came for. */
async function lookAt(pid) {
  let missing;
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    // It ends with 1 where it finds something critical.
    const { stdout } = await run(process.execPath, [`${ROOT}bin/reloadctl.js`, 'node', String(pid), '--json']).catch((error) => error);
    const { data, coverage } = JSON.parse(stdout);
    missing = coverage.filter(({ needed, status }) => needed && status !== 'ok');
    if (missing.length === 0) return data;
  }
  throw new Error(`${pid}: ${JSON.stringify(missing)}`);
}

async function byUs(leak) {
  const { child, pid, line } = await start(['--import', `${ROOT}dist/register.cjs`], leak);
  try {
    const data = await lookAt(pid);
    const sites = [...data.handles, ...data.orphanFds].flatMap(({ site }) => site ?? []);
    return sites.some((site) => site.includes(`node-leaks.mjs:${line}:`)) ? 'S' : '-';
  } finally {
    await end(child);
  }
}

const asJson = process.argv.includes('--json');
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const leaks = named.length > 0 ? named : Object.keys(WORDS);
const jest = await byRunner('jest', leaks);
const vitest = await byRunner('vitest', leaks);
const found = {};
const left = [...leaks];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let leak = left.shift(); leak !== undefined; leak = left.shift()) {
    found[leak] = {
      reloadctl: await byUs(leak),
      'why-is-node-running': await byPeer(['--import', `${PEERS}/why.mjs`], leak),
      wtfnode: await byPeer(['--require', `${PEERS}/wtf.cjs`], leak),
    };
  }
}));
const matrix = Object.fromEntries(leaks.map((leak) => [leak, { ...found[leak], jest: jest[leak], vitest: vitest[leak] }]));
if (asJson) process.stdout.write(`${JSON.stringify(matrix)}\n`);
else {
  const { dependencies } = JSON.parse(readFileSync(`${PEERS}/package.json`, 'utf8'));
  const { devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const names = Object.keys(matrix[leaks[0]]).map((name) => [name, dependencies[name] ?? devDependencies[name]].join(' ').trim());
  process.stdout.write(`| left open | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}\n`);
  for (const [leak, said] of Object.entries(matrix)) process.stdout.write(`| ${leak} | ${Object.values(said).join(' | ')} |\n`);
}
