/** What must be seen before a configuration counts as reloaded. */
import { UserError } from '../kernel/user-error.ts';
import { exchange } from './load/exchange.ts';
import type { Endpoint } from './load/types.ts';

export type Expectation =
  | { what: 'answer'; method: string; path: string; must: { be: 'changed' } | { be: 'equal' | 'containing'; text: string }; words: string }
  | { what: 'header'; name: string; words: string }
  | { what: 'metric'; name: string; words: string };

const ANSWER = /^(GET|HEAD|POST) (\S+) (?:changes|(is|contains) (.+))$/s;
const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const ASK_MS = 2000;

/** @throws UserError */
export function parseExpect(text: string): Expectation {
  const [, method, path, verb, value] = ANSWER.exec(text.trim()) ?? [];
  if (method === undefined || !path?.startsWith('/')) throw new UserError(`--expect: ${JSON.stringify(text)} is not understood`, { hints: ["--expect 'GET /version changes'", "--expect 'GET /version contains {n}', 'GET /version is {n}' ({n}: the number of the change)"] });
  const must = verb === undefined ? ({ be: 'changed' } as const) : { be: verb === 'is' ? ('equal' as const) : ('containing' as const), text: value! };
  return { what: 'answer', method, path, must, words: text.trim() };
}

/** @throws UserError */
export function parseMetric(name: string): Expectation {
  if (!METRIC.test(name)) throw new UserError(`--expect-metric: ${JSON.stringify(name)} is no name of a metric`, { hints: ['--expect-metric prometheus_config_last_reload_success_timestamp_seconds'] });
  return { what: 'metric', name, words: `metric ${name} changes` };
}

/** @throws UserError */
export function parseHeader(option: string, name: string): string {
  if (!TOKEN.test(name)) throw new UserError(`${option}: ${JSON.stringify(name)} is no name of a header`);
  return name.toLowerCase();
}

/** One question outside of the load. Undefined: no answer. */
function ask(endpoint: Endpoint): Promise<{ body: string; headers: ReadonlyMap<string, string> } | undefined> {
  return new Promise((resolve) => {
    exchange(endpoint, { traffic: 'new', intended: performance.now(), timeoutMs: ASK_MS, keeps: false, wantsBody: true }, ({ result, body = '', headers }) => {
      resolve((result.what === 'ok' || result.what === 'unknown') && headers ? { body, headers } : undefined);
    });
  });
}

/**
 * What the server says now, as one text; undefined where it says nothing.
 * @param metrics where metrics are asked
 */
export async function observe(expectation: Expectation, endpoint: Endpoint, metrics: Endpoint): Promise<string | undefined> {
  if (expectation.what === 'metric') {
    const text = (await ask(metrics))?.body;
    return text === undefined ? undefined : samplesOf(text, expectation.name);
  }
  if (expectation.what === 'header') return (await ask(endpoint))?.headers.get(expectation.name);
  const { method, path } = expectation;
  return (await ask({ ...endpoint, http: { ...endpoint.http!, method, path } }))?.body;
}

/** Samples of one name in the text format of Prometheus, without time stamps; several are joined. */
export function samplesOf(text: string, name: string): string | undefined {
  const values = text.split('\n').flatMap((line) => {
    if (!line.startsWith(name)) return [];
    const rest = line.slice(name.length);
    const match = /^(\{.*\})?\s+(\S+)/.exec(rest);
    return match ? [`${match[1] ?? ''} ${match[2]}`] : [];
  });
  return values.length === 0 ? undefined : values.join('\n');
}

/** Is it there now? @param change its number, from 1 */
export function isMet(expectation: Expectation, before: string | undefined, now: string | undefined, change: number): boolean {
  if (now === undefined) return false;
  if (expectation.what !== 'answer' || expectation.must.be === 'changed') return now !== before;
  const wanted = expectation.must.text.replaceAll('{n}', String(change));
  return expectation.must.be === 'equal' ? now.trim() === wanted.trim() : now.includes(wanted);
}
