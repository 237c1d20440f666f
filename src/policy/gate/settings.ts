/** Settings that hold for all modules, and that one may have otherwise. */
import type { Field } from '../reader.ts';
import { timeOf } from './amounts.ts';
import { type ModulePolicy, type OwnQuery, RULE_NAMES, type RuleName } from './model.ts';

export const SETTING_KEYS = ['prometheus', 'window', 'stale', 'sample', 'min_requests', 'label', 'metrics', 'queries'] as const;

export type Settings = Pick<ModulePolicy, 'prometheus' | 'windowMs' | 'staleMs' | 'sampleMs' | 'minRequests' | 'label' | 'metrics' | 'queries'>;

export const USUAL_SETTINGS: Settings = {
  windowMs: 120_000,
  staleMs: 90_000,
  sampleMs: 10_000,
  label: 'module',
  metrics: { requests: 'http_requests_total', duration: 'http_request_duration_seconds' },
  queries: new Map(),
};

/** Below it no scraper of metrics gives two values. */
const LEAST_WINDOW_MS = 2000;
/** Who waits for a second look waits for the whole of it. */
const MOST_SAMPLE_MS = 600_000;

/** As policies write the name of a rule. */
export const keyOf = (rule: RuleName): string => rule.replaceAll('-', '_');

/** @param before what holds where this says nothing @throws UserError with the place of a mistake */
export function readSettings(fields: ReadonlyMap<string, Field>, before: Settings): Settings {
  const take = <T>(key: string, read: (field: Field) => T): T | undefined => {
    const field = fields.get(key);
    return field && read(field);
  };
  const prometheus = take('prometheus', urlOf) ?? before.prometheus;
  const minRequests = take('min_requests', (field) => field.integer()) ?? before.minRequests;
  return {
    ...(prometheus !== undefined && { prometheus }),
    ...(minRequests !== undefined && { minRequests }),
    windowMs: take('window', (field) => atLeast(field, timeOf(field), LEAST_WINDOW_MS)) ?? before.windowMs,
    staleMs: take('stale', (field) => atLeast(field, timeOf(field), 1000)) ?? before.staleMs,
    sampleMs: take('sample', sampleOf) ?? before.sampleMs,
    label: take('label', labelOf) ?? before.label,
    metrics: take('metrics', (field) => readMetrics(field, before.metrics)) ?? before.metrics,
    queries: take('queries', (field) => new Map([...before.queries, ...readQueries(field)])) ?? before.queries,
  };
}

function atLeast(field: Field, ms: number, least: number): number {
  return ms >= least ? ms : field.fail(`too short: at least ${least / 1000}s`);
}

function sampleOf(field: Field): number {
  const ms = atLeast(field, timeOf(field), 100);
  return ms <= MOST_SAMPLE_MS ? ms : field.fail('too long: at most 10m, and all of it is waited for');
}

/** As it was typed: it may hold a password, which messages must not. */
export function urlOf(field: Field): string {
  const text = field.text();
  try {
    const { protocol } = new URL(text);
    if (protocol === 'http:' || protocol === 'https:') return text;
  } catch {
    // Said below.
  }
  return field.fail('a URL is expected here: http://HOST:PORT or https://HOST');
}

export function labelOf(field: Field): string {
  const text = field.text();
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(text) ? text : field.fail('the name of a label is expected here: letters, digits and _');
}

function readMetrics(field: Field, before: Settings['metrics']): Settings['metrics'] {
  const fields = field.mapping(['requests', 'duration']);
  const nameOf = (key: 'requests' | 'duration'): string => {
    const text = fields.get(key)?.text();
    return text === undefined ? before[key] : /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(text) ? text : fields.get(key)!.fail('the name of a metric is expected here');
  };
  return { requests: nameOf('requests'), duration: nameOf('duration').replace(/_bucket$/, '') };
}

function readQueries(field: Field): [RuleName, OwnQuery][] {
  const names = RULE_NAMES.filter((name) => name !== 'cooldown');
  const fields = field.mapping(names.map(keyOf));
  return names.flatMap((name) => {
    const own = fields.get(keyOf(name));
    return own ? [[name, readQuery(own)]] : [];
  });
}

function readQuery(field: Field): OwnQuery {
  if (!field.isMapping()) return { value: field.text(), fail: field.fail };
  const fields = field.mapping(['value', 'requests', 'age']);
  const value = fields.get('value') ?? field.fail('a query needs its value');
  const [requests, age] = [fields.get('requests')?.text(), fields.get('age')?.text()];
  return { value: value.text(), ...(requests !== undefined && { requests }), ...(age !== undefined && { age }), fail: value.fail };
}
