/** What must be seen before a configuration counts as reloaded. */
import { UserError } from '../kernel/user-error.ts';
import { drop, exchange, openSocket } from './load/exchange.ts';
import type { Endpoint } from './load/types.ts';

type Must = { be: 'changed' } | { be: 'equal' | 'containing'; text: string };
export type Expectation =
  /** `where`: a path on the host of --http, or a URL. */
  | { what: 'answer'; method: string; where: string; must: Must; words: string }
  /** Said on a connection of --tcp: what is answered. */
  | { what: 'said'; send: string; must: Must; words: string }
  | { what: 'header'; name: string; words: string }
  | { what: 'metric'; name: string; words: string };

const ANSWER = /^(GET|HEAD|POST) (\/\S*|https?:\/\/\S+) (?:changes|(is|contains) (.+))$/s;
const SAID = /^(SEND) (.+?) (?:changes|(is|contains) (.+))$/s;
const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const ASK_MS = 2000;
/** An answer in a protocol that is not known is over when nothing came for so long; and then it is asked once more. */
const QUIET_MS = 50;
const MOST_SAID = 64 * 1024;

/** @throws UserError */
export function parseExpect(given: string): Expectation {
  const words = given.trim();
  const [, method, where, verb, value] = ANSWER.exec(words) ?? SAID.exec(words) ?? [];
  if (method === undefined) throw new UserError(`--expect: ${JSON.stringify(given)} is not understood`, { hints: ["--expect 'GET /version changes'", "--expect 'GET /version contains {n}', 'GET /version is {n}' ({n}: the number of the change)", "with --tcp: --expect 'SEND CONFIG GET maxmemory\\r\\n changes', or 'GET URL changes'"] });
  const must: Must = verb === undefined ? { be: 'changed' } : { be: verb === 'is' ? 'equal' : 'containing', text: value! };
  return method === 'SEND' ? { what: 'said', send: where!, must, words } : { what: 'answer', method, where: where!, must, words };
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

/** All that is answered to what is said, as latin1. Undefined: nothing. */
function say(endpoint: Endpoint): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const end = (): void => {
      clearTimeout(timer);
      clearTimeout(quiet);
      drop(socket);
      resolve(text === '' ? undefined : text);
    };
    const timer = setTimeout(end, ASK_MS);
    let quiet: NodeJS.Timeout | undefined;
    const socket = openSocket(endpoint);
    socket.on('error', end).on('end', end).on('connect', () => socket.write(endpoint.send!)).on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      clearTimeout(quiet);
      if (text.length > MOST_SAID) end();
      else quiet = setTimeout(end, QUIET_MS);
    });
  });
}

/**
 * What the server says now, as one text; undefined where it says nothing.
 * @param asked where, and how: see expect-endpoint.ts
 */
export async function observe(expectation: Expectation, asked: Endpoint): Promise<string | undefined> {
  if (expectation.what === 'said') {
    const once = await say(asked);
    const again = await say(asked);
    // A part of an answer is none.
    return once === again ? again : undefined;
  }
  const answer = await ask(asked);
  if (expectation.what === 'header') return answer?.headers.get(expectation.name);
  return expectation.what === 'metric' ? samplesOf(answer?.body ?? '', expectation.name) : answer?.body;
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

/** Is it there now, and was not before? @param change its number, from 1 */
export function isMet(expectation: Expectation, before: string | undefined, now: string | undefined, change: number): boolean {
  return now !== undefined && (isOfChange(expectation) ? now !== before : says(expectation, now, change) && !wasMet(expectation, before, change));
}

/** What is said of the change with this number was said before it: then it shows nothing. */
export function wasMet(expectation: Expectation, before: string | undefined, change: number): boolean {
  return before !== undefined && !isOfChange(expectation) && says(expectation, before, change);
}

/** It is about another value than before, not about a certain one. */
export function isOfChange(expectation: Expectation): boolean {
  return !('must' in expectation) || expectation.must.be === 'changed';
}

function says(expectation: Expectation, now: string, change: number): boolean {
  if (!('must' in expectation) || expectation.must.be === 'changed') return false;
  const wanted = expectation.must.text.replaceAll('{n}', String(change));
  return expectation.must.be === 'equal' ? now.trim() === wanted.trim() : now.includes(wanted);
}
