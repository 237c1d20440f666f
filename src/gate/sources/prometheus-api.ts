/** Instant queries of the HTTP API of Prometheus (and of what speaks it): /api/v1/query, prometheus/web/api/v1. */
import { numberOf } from '../numbers.ts';
import { askFor, CannotAsk, type NamedEndpoint } from './endpoint.ts';
import type { Asking } from './types.ts';

export interface Point {
  labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite. */
  value: number;
  /** Unix time, ms, for which it holds. */
  atMs: number;
}

/** The server does not understand the query: that is for who wrote it. */
export class BadQuery extends Error {
  override readonly name = 'BadQuery';
}

/** A few hundred series at most are wanted; whoever asks for all of them is told so. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The elements of the answer; a scalar is one without labels. @throws CannotAsk, BadQuery */
export async function instantQuery(endpoint: NamedEndpoint, query: string, { signal, timeoutMs }: Asking): Promise<Point[]> {
  const parameters = new URLSearchParams(endpoint.search);
  parameters.set('query', query);
  // It shall give up when we do.
  parameters.set('timeout', `${Math.max(1, Math.floor(timeoutMs / 1000))}s`);
  const { status, text } = await askFor(endpoint, `${endpoint.path}/api/v1/query?${parameters}`, { timeoutMs, mostBytes: MOST_BYTES, signal });
  const body = parsed(text, status);
  if (body.status === 'error') {
    const words = `${String(body.errorType)}: ${String(body.error).slice(0, 300)}`;
    if (body.errorType === 'bad_data') throw new BadQuery(words);
    throw new CannotAsk(`it answers with an error (${words})`, body.errorType === 'timeout' ? 'timeout' : 'absent');
  }
  const warnings = Array.isArray(body.warnings) ? body.warnings : [];
  // A part of the series is a lower sum.
  if (warnings.length > 0) throw new CannotAsk(`it warns that its answer is not whole (${String(warnings[0]).slice(0, 200)})`, 'partial');
  return pointsOf(body.data);
}

function parsed(text: string, status: number): Record<string, unknown> {
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'object' && body !== null && 'status' in body && (body.status === 'success' || body.status === 'error')) return body as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new CannotAsk(status === 200 ? 'what it answers is not of the API of Prometheus' : `it answers ${status}, and nothing of the API of Prometheus: is the path right?`, 'absent');
}

function pointsOf(data: unknown): Point[] {
  const { resultType, result } = (typeof data === 'object' && data !== null ? data : {}) as { resultType?: unknown; result?: unknown };
  if (resultType === 'scalar') return [pointOf({}, result)];
  if (resultType !== 'vector' || !Array.isArray(result)) throw new BadQuery(`the answer is ${typeof resultType === 'string' ? `a ${resultType}` : 'nothing that is known'}, and one number is wanted`);
  return result.map((element: unknown) => {
    const { metric, value } = (typeof element === 'object' && element !== null ? element : {}) as { metric?: unknown; value?: unknown };
    if (value === undefined) throw new BadQuery('the answer is a histogram, and one number is wanted: histogram_quantile() makes one of it');
    return pointOf(typeof metric === 'object' && metric !== null ? (metric as Record<string, string>) : {}, value);
  });
}

function pointOf(labels: Point['labels'], pair: unknown): Point {
  const [at, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
  if (typeof at !== 'number' || typeof value !== 'string') throw new CannotAsk('what it answers is not of the API of Prometheus', 'absent');
  return { labels, value: numberOf(value), atMs: at * 1000 };
}
