/** Options of `drill`, checked before anything is done. */
import type { Command } from 'commander';
import { CHANGE_MANNERS, type ChangeManner } from '../effects/change-file.ts';
import { closest } from '../kernel/closest.ts';
import { parseDuration } from '../kernel/duration.ts';
import { signalName, signalNumber, signalWords } from '../kernel/proc/signals.ts';
import { UserError } from '../kernel/user-error.ts';
import { type Expectation, parseExpect, parseHeader, parseMetric } from './expect.ts';

export interface DrillOptions {
  pid: string | undefined;
  /** Without SIG. */
  signal: string | undefined;
  /** Sent to the old main process when the new one serves; undefined: as the program is known to need it. */
  thenSignal: string | undefined;
  command: readonly string[];
  change: { file: string; manner: ChangeManner | undefined; template: string | undefined } | undefined;
  url: string | undefined;
  tcp: string | undefined;
  send: string | undefined;
  stream: string | undefined;
  method: string;
  insecure: boolean;
  allowRemote: boolean;
  yes: boolean;
  mode: 'process' | 'config';
  expect: Expectation | undefined;
  header: string | undefined;
  metrics: string | undefined;
  times: number;
  rate: number;
  pooledRate: number;
  pool: number;
  streams: number;
  hold: number;
  webSocket: string | undefined;
  webSockets: number;
  timeoutMs: number;
  controlMs: number;
  everyMs: number | undefined;
  /** How long the new generation may take to come, and the old one to go. */
  reloadMs: number;
  drainMs: number;
  commandMs: number;
  restMs: number;
  mostMs: number;
}

/** What may be asked for at most: a drill is a load test, and its target somebody's server. */
const MOST = { times: 1000, rate: 20_000, 'pooled-rate': 20_000, pool: 2000, streams: 500, hold: 2000, websockets: 2000 } as const;
const USUAL_POOLED = 200;
/** What is taken when neither the command line nor the policy says. */
const USUAL = { streams: '5', hold: '0', websockets: '5', rate: '100', pool: '10', method: 'GET', times: '10', control: '3s', rest: '500ms', timeout: '5s', reloadTimeout: '10s', drain: '10s', commandTimeout: '60s', maxTime: '15m' } as const;

/** Options that a policy may hold: what is asked, how hard, and what shows a reload. Never who is signalled, and what is run or changed. */
export const POLICY_OPTIONS = [
  'http', 'tcp', 'send', 'stream', 'streams', 'hold', 'websocket', 'websockets', 'rate', 'pooled-rate', 'pool', 'method', 'times', 'every', 'control', 'rest', 'timeout', 'reload-timeout', 'drain', 'command-timeout', 'max-time', 'mode',
  'expect', 'expect-metric', 'expect-header', 'metrics',
] as const;
/** Of these the command line has all or none: they belong together. */
const EXPECTED = ['expect', 'expectMetric', 'expectHeader'] as const;
const TOGETHER = [['http', 'url', 'tcp', 'send', 'stream', 'websocket', 'metrics'], EXPECTED] as const;

/** Options of the command line, filled up by a policy, filled up by what is usual. */
export function filledUp(given: Record<string, unknown>, policy: Readonly<Record<string, string>>): Record<string, unknown> {
  const left = { ...policy };
  for (const group of TOGETHER) {
    // What is expected is asked there.
    const isOwn = group.some((name) => given[name] !== undefined) || (group === EXPECTED && given.tcp !== undefined);
    if (isOwn) for (const name of group) delete left[name];
  }
  return { ...USUAL, ...left, ...given };
}

export function configureDrill(command: Command): void {
  command
    .usage('--http URL --pid PID --signal HUP [options]\n       reloadctl drill --http URL [options] -- RELOAD COMMAND')
    .argument('[command...]', 'the reload command, behind --')
    .option('--pid <target>', 'who is reloaded: pid, name, :port, unit:NAME, pid file; followed through its generations')
    .option('--signal <name>', 'the signal that reloads it: HUP, USR2, ...')
    .option('--then <name>', 'sent to the old process once the new one serves (default for USR2 of nginx: QUIT); none for nothing')
    .option('--change <file[:manner]>', `change this file instead, or before: ${CHANGE_MANNERS.join(', ')} (default: as it lies there); put back at the end`)
    .option('--with <text>', 'what is written into it, {n} is the number of the change (default: a version in it is counted up, else a line is added)')
    .option('--http <url>', 'what is asked: http:// or https://')
    .option('--url <url>', 'the same')
    .option('--tcp <host:port>', 'plain TCP instead')
    .option('--send <text>', 'with --tcp: said on each connection, and something must come back (\\r\\n for line ends)')
    .option('--stream <url>', 'answers that take long: their downloads are under way when it reloads')
    .option('--streams <n>', `how many at once (default: ${USUAL.streams})`)
    .option('--hold <n>', `connections that are held, idle, all the time (default: ${USUAL.hold})`)
    .option('--websocket <url>', 'WebSockets that stand, and answer pings, while it reloads: ws:// or wss://, or a path')
    .option('--websockets <n>', `how many (default: ${USUAL.websockets})`)
    .option('--rate <n>', `new connections a second (default: ${USUAL.rate})`)
    .option('--pooled-rate <n>', `requests a second on kept connections (default: as --rate, ${USUAL_POOLED} at most)`)
    .option('--pool <n>', `kept connections; 0: none (default: ${USUAL.pool})`)
    .option('--method <name>', `GET; others are not asked anew when a kept connection closes under them (default: ${USUAL.method})`)
    .option('--times <n>', `reloads (default: ${USUAL.times})`)
    .option('--every <time>', 'reload at this pace, whether or not the one before is over (default: wait for it)')
    .option('--control <time>', `load without a reload before them (default: ${USUAL.control})`)
    .option('--rest <time>', `load before and after each reload (default: ${USUAL.rest})`)
    .option('--timeout <time>', `of one request (default: ${USUAL.timeout})`)
    .option('--reload-timeout <time>', `how long a reload may take until it counts as not happened (default: ${USUAL.reloadTimeout})`)
    .option('--drain <time>', `how long the old generation may stay (default: ${USUAL.drain})`)
    .option('--command-timeout <time>', `how long the reload command may take: then it and all it started are ended (default: ${USUAL.commandTimeout})`)
    .option('--max-time <time>', `end after this, with what was seen (default: ${USUAL.maxTime})`)
    .option('--mode <name>', 'process: who serves is replaced; config: the same process takes a new configuration')
    .option('--expect <text>', "config: what shows it: 'GET /version changes', 'GET /version contains {n}', 'GET URL is {n}'; with --tcp 'SEND TEXT changes'")
    .option('--expect-metric <name>', 'config: a metric whose value changes')
    .option('--expect-header <name>', 'a response header that names version or process: it changes')
    .option('--metrics <url>', 'where metrics are (default: /metrics of the URL)')
    .option('--policy <file>', 'what its part `drill` has of these options (default: reloadctl.yaml here, where it is)')
    .option('--insecure', 'take any certificate')
    .option('--allow-remote', 'ask an address that is not of this host')
    .option('--yes', 'do not ask before it begins')
    .addHelpText('after', `
It signals a process (or runs your command) N times, and puts load on the URL all the time. preflight is asked first, and a signal that
would kill is not sent. Verdict: PASS, FAIL, INVALID (this client could not keep up, or requests failed without any reload), NOT-RELOADED.
Exit codes: 0 PASS, 1 FAIL, 2 usage, 3 INVALID, NOT-RELOADED, or nobody answers.`);
}

/** @throws UserError */
export function readDrillOptions(args: readonly string[], given: Record<string, unknown>): DrillOptions {
  const text = (name: string): string | undefined => given[name] as string | undefined;
  if (text('http') !== undefined && text('url') !== undefined) throw new UserError('--http and --url are the same option: give one of them');
  const url = text('http') ?? text('url');
  const tcp = text('tcp');
  if ((url === undefined) === (tcp === undefined)) throw new UserError(url === undefined ? 'drill needs something to ask' : '--tcp: drill asks --http or --tcp, not both', { hints: ['reloadctl drill --http http://127.0.0.1:8080/ --pid PID --signal HUP', 'reloadctl drill --tcp 127.0.0.1:6379 -- RELOAD COMMAND'] });
  const pid = text('pid');
  const change = changeOf(text('change'), text('with'));
  const signal = signalOf('--signal', text('signal'));
  if (args.length > 0 && signal !== undefined) throw new UserError('a reload is one of --signal and a command, not both');
  if (signal !== undefined && pid === undefined) throw new UserError('--signal needs --pid: who gets it?', { hints: ['--pid :8080 finds who listens there'] });
  if (args.length === 0 && signal === undefined && !change) throw new UserError('drill needs a way to reload', { hints: ['--pid PID --signal HUP', '--change FILE', '-- RELOAD COMMAND'] });
  if (text('then') !== undefined && signal === undefined) throw new UserError('--then belongs to --signal');
  if (text('send') !== undefined && tcp === undefined) throw new UserError('--send belongs to --tcp');
  if (text('stream') !== undefined && tcp !== undefined) throw new UserError('--stream belongs to --http');
  if (text('websocket') !== undefined && tcp !== undefined) throw new UserError('--websocket belongs to --http');
  const header = text('expectHeader') === undefined ? undefined : parseHeader('--expect-header', text('expectHeader')!);
  const expects = [text('expect') === undefined ? [] : [parseExpect(text('expect')!)], text('expectMetric') === undefined ? [] : [parseMetric(text('expectMetric')!)], header === undefined ? [] : [{ what: 'header' as const, name: header, words: `header ${header} changes` }]].flat();
  if (expects.length > 1) throw new UserError(`${expects.at(-1)!.what === 'header' ? '--expect-header' : '--expect-metric'}: one of --expect, --expect-metric and --expect-header is enough`);
  refuseUnasked(expects[0], url, text('metrics'));
  const isConfig = modeOf(text('mode')) ?? (change || expects.some(({ what }) => what !== 'header') ? 'config' : 'process');
  if (change && expects.length === 0) throw new UserError('--change needs to know what shows that it was seen', { hints: ["--expect 'GET /version changes'", '--expect-metric NAME', '--expect-header NAME'] });
  const number = (name: keyof typeof MOST, value: string | undefined, least = 0): number => numberOf(name, value!, least);
  const rate = number('rate', text('rate'));
  const method = (text('method') ?? 'GET').toUpperCase();
  if (!/^[A-Z]{1,20}$/.test(method) || method === 'CONNECT') throw new UserError(`--method: ${method} is no method`);
  const options: DrillOptions = {
    pid, signal, thenSignal: text('then') === 'none' ? 'none' : signalOf('--then', text('then')), command: args, change, url, tcp, send: text('send'), stream: text('stream'), method,
    insecure: Boolean(given.insecure), allowRemote: Boolean(given.allowRemote), yes: Boolean(given.yes),
    mode: isConfig, expect: expects[0], header, metrics: text('metrics'),
    times: number('times', text('times'), 1), rate, pooledRate: text('pooledRate') === undefined ? Math.min(rate, USUAL_POOLED) : number('pooled-rate', text('pooledRate')),
    pool: number('pool', text('pool')), streams: number('streams', text('streams')), hold: number('hold', text('hold')), webSocket: text('websocket'), webSockets: number('websockets', text('websockets')),
    timeoutMs: parseDuration('--timeout', text('timeout')!), controlMs: parseDuration('--control', text('control')!),
    everyMs: text('every') === undefined ? undefined : parseDuration('--every', text('every')!),
    reloadMs: parseDuration('--reload-timeout', text('reloadTimeout')!), drainMs: parseDuration('--drain', text('drain')!),
    commandMs: parseDuration('--command-timeout', text('commandTimeout')!), restMs: parseDuration('--rest', text('rest')!), mostMs: parseDuration('--max-time', text('maxTime')!),
  };
  if (options.rate === 0 && (options.pool === 0 || options.pooledRate === 0)) throw new UserError('--rate: 0 without kept connections is no load');
  if (options.controlMs > options.mostMs) throw new UserError('--control: it is longer than --max-time');
  return options;
}

function numberOf(name: keyof typeof MOST, value: string, least: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least) throw new UserError(`--${name}: ${JSON.stringify(value)} is no whole number${least > 0 ? ` from ${least} on` : ''}`);
  if (number > MOST[name]) throw new UserError(`--${name}: ${number} is too many, at most ${MOST[name]}`);
  return number;
}

/** What shows a reload is asked of somebody: with --tcp that must be said. */
function refuseUnasked(expect: Expectation | undefined, url: string | undefined, metrics: string | undefined): void {
  if (expect?.what === 'said' && url !== undefined) throw new UserError('--expect: SEND belongs to --tcp', { hints: ["--expect 'GET /version changes'"] });
  if (url !== undefined || !expect) return;
  if (expect.what === 'header') throw new UserError('--expect-header: headers are of HTTP: it needs --http');
  if (expect.what === 'metric' && metrics === undefined) throw new UserError('--expect-metric: with --tcp it needs --metrics URL', { hints: ['--metrics http://127.0.0.1:9121/metrics'] });
  if (expect.what === 'answer' && expect.where.startsWith('/')) throw new UserError('--expect: with --tcp it needs a whole URL, or SEND', { hints: ["--expect 'GET http://127.0.0.1:8081/version changes'", "--expect 'SEND CONFIG GET maxmemory\\r\\n changes'"] });
}

function modeOf(text: string | undefined): DrillOptions['mode'] | undefined {
  if (text === undefined || text === 'process' || text === 'config') return text;
  const near = closest(text, ['process', 'config']);
  throw new UserError(`--mode: ${text} is neither process nor config${near === undefined ? '' : `, did you mean ${near}?`}`);
}

function signalOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const number = signalNumber(text);
  if (number !== undefined) return signalName(number);
  const near = closest(text.toUpperCase().replace(/^SIG/, ''), signalWords);
  throw new UserError(`${option} ${text}: no such signal${near === undefined ? '' : `, did you mean ${near}?`}`);
}

function changeOf(text: string | undefined, template: string | undefined): DrillOptions['change'] {
  if (text === undefined) {
    if (template !== undefined) throw new UserError('--with belongs to --change');
    return undefined;
  }
  const [, file, word] = /^(.*?)(?::([\w-]+))?$/s.exec(text)!;
  const manner = CHANGE_MANNERS.find((one) => one === word);
  // A name may hold a colon.
  if (word === undefined || manner !== undefined) return { file: file!, manner, template };
  const near = closest(word, CHANGE_MANNERS);
  if (near !== undefined) throw new UserError(`--change ${text}: there is no manner ${word}, did you mean ${near}?`, { hints: [`manners: ${CHANGE_MANNERS.join(', ')}`] });
  return { file: text, manner: undefined, template };
}
