/** `modules:` and `gate:` of a policy: what may be reloaded, and when. */
import type { Field } from '../reader.ts';
import { readSections } from '../top.ts';
import { aboveZero, increaseOf, plainTimeOf, rateOf, shareOf, timeOf } from './amounts.ts';
import type { GatePolicy, ModulePolicy, RuleName } from './model.ts';
import { labelOf, readSettings, SETTING_KEYS, type Settings, USUAL_SETTINGS, urlOf } from './settings.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const MOST_MODULES = 500;

/** How a key is read, and the rule whose threshold it is. */
const THRESHOLDS: Readonly<Record<string, { rule: RuleName; read(field: Field): number }>> = {
  cooldown_seconds: { rule: 'cooldown', read: (field) => plainTimeOf(field, SECOND_MS) / SECOND_MS },
  cooldown: { rule: 'cooldown', read: (field) => timeOf(field) / SECOND_MS },
  qps_threshold: { rule: 'qps', read: (field) => aboveZero(field, rateOf(field, SECOND_MS)) },
  error_rate_threshold: { rule: 'error-rate', read: (field) => aboveZero(field, shareOf(field)) },
  latency_threshold: { rule: 'latency', read: (field) => aboveZero(field, timeOf(field)) },
  latency_threshold_ms: { rule: 'latency', read: (field) => aboveZero(field, plainTimeOf(field, 1)) },
  gc_pause_threshold: { rule: 'gc-pause', read: (field) => aboveZero(field, timeOf(field)) },
  gc_pause_threshold_ms: { rule: 'gc-pause', read: (field) => aboveZero(field, plainTimeOf(field, 1)) },
  fd_headroom_threshold: { rule: 'fd-headroom', read: shareOf },
  inotify_headroom_threshold: { rule: 'inotify-headroom', read: shareOf },
  goroutine_growth_threshold: { rule: 'goroutine-growth', read: (field) => aboveZero(field, rateOf(field, MINUTE_MS)) },
  accept_queue_threshold: { rule: 'accept-queue', read: (field) => aboveZero(field, shareOf(field)) },
  error_budget_threshold: { rule: 'error-budget', read: shareOf },
};

const PLAIN_KEYS = ['name', 'endpoint', 'pprof', 'process', 'target', 'service', 'uid', 'latency_quantile', 'slo', 'slo_window', 'canary'] as const;
const MODULE_KEYS: readonly string[] = ['name', ...Object.keys(THRESHOLDS), ...PLAIN_KEYS.slice(1), ...SETTING_KEYS];

/** @throws UserError, `FILE:LINE:COL: what` */
export function readGatePolicy(text: string, file: string): GatePolicy {
  const top = readSections(text, file);
  const settings = readSettings(top.get('gate')?.mapping(SETTING_KEYS) ?? new Map(), USUAL_SETTINGS);
  const list = top.get('modules');
  const entries = list?.list() ?? [];
  if (list && entries.length > MOST_MODULES) list.fail(`too many: at most ${MOST_MODULES} modules`);
  const modules: ModulePolicy[] = [];
  for (const entry of entries) {
    const module = readModule(entry, settings);
    if (modules.some(({ name }) => name === module.name)) entry.fail(`module ${JSON.stringify(module.name)} is there twice`);
    modules.push(module);
  }
  return { modules };
}

function readModule(entry: Field, settings: Settings): ModulePolicy {
  const fields = entry.mapping(MODULE_KEYS);
  const name = nameOf(fields.get('name') ?? entry.fail('a module needs its name'));
  const thresholds = readThresholds(fields);
  const canary = fields.get('canary') && readCanary(fields.get('canary')!, thresholds);
  if (thresholds.size === 0) entry.fail(`module ${JSON.stringify(name)} has no threshold: nothing would be asked, and GO would say nothing`);
  const slo = readSlo(fields, thresholds, entry);
  const [endpoint, pprof] = [fields.get('endpoint'), fields.get('pprof')].map((field) => field && urlOf(field));
  const [process, target, service] = [fields.get('process')?.text(), fields.get('target')?.text(), fields.get('service') && patternOf(fields.get('service')!)];
  const uid = fields.get('uid')?.integer();
  const own = readSettings(fields, settings);
  const quantile = fields.get('latency_quantile');
  return {
    ...own,
    name,
    thresholds,
    quantile: quantile ? quantileOf(quantile) : 0.99,
    ...(endpoint !== undefined && { endpoint }),
    ...(pprof !== undefined && { pprof }),
    ...(process !== undefined && { process }),
    ...(target !== undefined && { target }),
    ...(service !== undefined && { service }),
    ...(uid !== undefined && { uid }),
    ...(slo && { slo }),
    ...(canary && { canary }),
  };
}

function nameOf(field: Field): string {
  const text = field.text();
  return text.length <= 200 ? text : field.fail('too long: at most 200 characters');
}

function readThresholds(fields: ReadonlyMap<string, Field>): Map<RuleName, number> {
  const thresholds = new Map<RuleName, number>();
  for (const [key, { rule, read }] of Object.entries(THRESHOLDS)) {
    const field = fields.get(key);
    if (!field) continue;
    if (thresholds.has(rule)) field.fail(`${key}: the same threshold is given twice`);
    thresholds.set(rule, read(field));
  }
  return thresholds;
}

/** 0.99, or 99%; both ends say nothing that a histogram could tell. */
function quantileOf(field: Field): number {
  const quantile = shareOf(field);
  return quantile > 0 && quantile < 1 ? quantile : field.fail('impossible: a quantile lies between 0 and 1 (0.99)');
}

function readSlo(fields: ReadonlyMap<string, Field>, thresholds: ReadonlyMap<RuleName, number>, entry: Field): ModulePolicy['slo'] {
  const [slo, window] = [fields.get('slo'), fields.get('slo_window')];
  if (!slo) return thresholds.has('error-budget') ? entry.fail('error_budget_threshold needs slo: the share of requests that shall succeed, as 0.999 or 99.9%') : undefined;
  const objective = shareOf(slo);
  if (objective === 1) slo.fail('impossible: of 100% no error budget is left to judge');
  if (!thresholds.has('error-budget')) slo.fail('slo needs error_budget_threshold: the share of the error budget that shall be left, as 0.1');
  return { objective, windowMs: window ? timeOf(window) || window.fail('impossible: no time at all') : 30 * 86_400_000 };
}

function readCanary(field: Field, thresholds: Map<RuleName, number>): ModulePolicy['canary'] {
  const fields = field.mapping(['label', 'canary', 'stable', 'endpoint', 'error_rate_increase_threshold', 'latency_increase_threshold']);
  const [errors, latency, label, endpoint] = ['error_rate_increase_threshold', 'latency_increase_threshold', 'label', 'endpoint'].map((key) => fields.get(key));
  if (errors) thresholds.set('canary-error-rate', aboveZero(errors, shareOf(errors)));
  if (latency) thresholds.set('canary-latency', aboveZero(latency, increaseOf(latency)));
  if (!errors && !latency) field.fail('canary needs error_rate_increase_threshold or latency_increase_threshold');
  const [canary, stable] = [fields.get('canary')?.text() ?? 'canary', fields.get('stable')?.text() ?? 'stable'];
  if (canary === stable) field.fail(`canary and stable are both ${JSON.stringify(canary)}: nothing is compared`);
  return { label: label ? labelOf(label) : 'track', canary, stable, ...(endpoint && { endpoint: urlOf(endpoint) }) };
}

/** Anchored at both ends, as those of Prometheus are. */
function patternOf(field: Field): string {
  const text = field.text();
  try {
    new RegExp(text);
  } catch {
    field.fail('this is no regular expression');
  }
  return text;
}
