/** `gc`: how long the garbage collector of a Go program stops it, and whether that can matter to a shutdown. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../../command.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { withoutSecrets } from '../../kernel/without-secrets.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Block } from '../../render/index.ts';
import { runRules, type Target } from '../../report/index.ts';
import { count, duration, percent } from '../../report/words.ts';
import type { PausesEvent } from '../../series/index.ts';
import { addAccessOptions } from '../../kernel/access-options.ts';
import { accessOf } from '../../kernel/access.ts';
import { ask, cannotLook, endpointOf, isEndpoint, type PprofEndpoint } from '../source/endpoint.ts';
import { findPprof } from '../source/process.ts';
import { type GcStats, parseGc } from './parse.ts';
import { quantile } from './quantile.ts';
import { readSaved } from './read.ts';

const USUAL_LIMIT_MS = 200;
const USUAL_TIMEOUT_MS = 30_000;
const MOST_BYTES = 256 * 1024 * 1024;

export interface GcData {
  source: string;
  collections: number;
  forced: number | null;
  pauses: { count: number; p50Ms: number; p99Ms: number; maxMs: number; limitMs: number };
  /** Of the pauses that are kept; null where their times are not told. */
  perMinute: number | null;
  /** Part of all processor time of the program, 0 to 1. */
  cpuFraction: number | null;
}

export function configure(command: Command): void {
  command
    .argument('<source>', 'http://HOST:PORT, unix:/SOCKET, a pid or process name, a saved heap?debug=1 or /debug/vars, or -')
    .option('--limit <time>', 'the pause from which on it is told (default: 200ms)');
  addAccessOptions(command);
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args as [string];
  const text = (name: string): string | undefined => (typeof options[name] === 'string' ? options[name] : undefined);
  const limit = text('limit');
  const limitMs = limit === undefined ? USUAL_LIMIT_MS : parseDuration('--limit', limit);
  const timeout = text('timeout');
  const timeoutMs = timeout === undefined ? USUAL_TIMEOUT_MS : parseDuration('--timeout', timeout);
  const { stats, source, label, target } = await statsFrom(spec, accessOf(options, text), timeoutMs, context);
  const [pid] = target?.pids ?? [];
  const event: PausesEvent = { type: 'pauses', label, source, pausesMs: stats.pausesMs, collections: stats.collections, limitMs, ...(pid !== undefined && { pid }) };
  const findings = runRules(context.rules, [event]);
  const data = dataOf(stats, source, limitMs);
  return { kind: 'report', target, findings, coverage: [{ source, status: 'ok', seen: stats.pausesMs.length, needed: true }], data, body: () => viewOf(data, label) };
}

interface Read {
  stats: GcStats;
  source: string;
  label: string;
  target: Target | null;
}

async function statsFrom(spec: string, access: Parameters<typeof endpointOf>[1], timeoutMs: number, context: CommandContext): Promise<Read> {
  if (isEndpoint(spec)) {
    const endpoint = await endpointOf(spec, access);
    return { ...(await fromEndpoint(endpoint, timeoutMs, context.signal)), label: endpoint.label, target: { spec: withoutSecrets(spec), label: endpoint.label, pids: [] } };
  }
  const saved = await readSaved(spec, context);
  if ('text' in saved) {
    const stats = parseGc(saved.text);
    if (!stats) throw new UserError(`${spec}: neither heap?debug=1 nor /debug/vars`, { hints: ['a heap profile without debug=1 does not hold the pauses'] });
    return { stats, source: spec, label: spec, target: null };
  }
  const { problem } = saved;
  if (problem !== 'no such file') throw new UserError(`${spec}: ${problem}`);
  const { endpoint, pid, label } = await findPprof(spec, access, context);
  return { ...(await fromEndpoint(endpoint, timeoutMs, context.signal)), label, target: { spec, label, pids: [pid] } };
}

/** The heap profile costs the program milliseconds; expvar is asked where there is none. */
async function fromEndpoint(endpoint: PprofEndpoint, timeoutMs: number, signal: AbortSignal): Promise<{ stats: GcStats; source: string }> {
  const paths = endpoint.exact === undefined ? [`${endpoint.base}heap?debug=1`, '/debug/vars'] : [endpoint.exact];
  const statuses: number[] = [];
  for (const path of paths) {
    const answer = await ask(endpoint, path, { timeoutMs, mostBytes: MOST_BYTES, signal });
    statuses.push(answer.status);
    let text: string;
    try {
      text = await answer.text(MOST_BYTES);
    } catch (error) {
      throw cannotLook(error, endpoint.shown);
    }
    const stats = answer.status === 200 ? parseGc(text) : undefined;
    if (stats) return { stats, source: `${endpoint.http.socketPath === undefined ? endpoint.http.origin : endpoint.shown}${path}` };
  }
  throw new UserError(`${endpoint.shown}: neither a heap profile nor expvar (HTTP ${statuses.join(', ')})`, { exitCode: 3 });
}

function dataOf(stats: GcStats, source: string, limitMs: number): GcData {
  const { pausesMs, endsMs } = stats;
  const span = endsMs.length > 1 ? endsMs.at(-1)! - endsMs[0]! : 0;
  return {
    source,
    collections: stats.collections,
    forced: stats.forced ?? null,
    pauses: { count: pausesMs.length, p50Ms: quantile(pausesMs, 0.5), p99Ms: quantile(pausesMs, 0.99), maxMs: Math.max(0, ...pausesMs), limitMs },
    perMinute: span > 0 ? ((endsMs.length - 1) / span) * 60_000 : null,
    cpuFraction: stats.cpuFraction ?? null,
  };
}

function* viewOf({ collections, pauses, perMinute, cpuFraction, forced }: GcData, label: string): Generator<Block> {
  yield { type: 'paragraph', text: `${label}: ${count(collections)} collections since its start${forced ? `, ${count(forced)} of them forced` : ''}`, tone: 'strong' };
  if (pauses.count === 0) {
    yield { type: 'paragraph', text: 'it has not collected its garbage yet: there are no pauses' };
    return;
  }
  yield {
    type: 'facts',
    items: [
      ['pauses kept', count(pauses.count)],
      ['p50', duration(pauses.p50Ms)],
      ['p99', duration(pauses.p99Ms)],
      ['longest', duration(pauses.maxMs)],
      ['rate', perMinute === null ? 'not told' : `${count(Math.round(perMinute * 10) / 10)} a minute`],
      ['of its processor time', cpuFraction === null ? 'not told' : percent(Math.max(0, cpuFraction))],
    ],
  };
  yield { type: 'blank' };
  yield { type: 'paragraph', text: shutdownWords(pauses) };
}

/** Go's Shutdown polls and waits for connections: pauses hardly ever are what makes it late. */
function shutdownWords({ maxMs, limitMs }: GcData['pauses']): string {
  if (maxMs < limitMs) return `A shutdown cannot be late by this: the longest pause is ${duration(maxMs)}. It waits for requests and goroutines: reloadctl goroutines shows them.`;
  return `A shutdown can be late by one such pause, ${duration(maxMs)}, hardly by more: when it takes longer, it waits for requests and goroutines.`;
}
