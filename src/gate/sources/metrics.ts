/** Values of rules from endpoints of metrics (`/metrics`): counters by two looks, gauges by the last. */
import type { ModulePolicy, RuleName } from '../../policy/index.ts';
import { duration } from '../../report/words.ts';
import { type Growth, growthOf } from '../exposition/growth.ts';
import { NotMetrics, parseExposition, type Series } from '../exposition/parse.ts';
import { compare, countersOf, isTold, wantedOf, type Looks, tell, type Told } from '../exposition/rules.ts';
import type { Measured, NoData, PlannedRule } from '../model.ts';
import { RULES } from '../rule-table.ts';
import { askFor, CannotAsk, type NamedEndpoint } from './endpoint.ts';
import { type Clock, growthByLows } from './lows.ts';
import type { Asking, Source } from './types.ts';

const MOST_BYTES = 32 * 1024 * 1024;
/** A process that just began has no history: it is looked at anew from then on. */
const MOST_RESETS = 2;

const GROWTH = 'goroutine-growth';

/** Two looks at one endpoint, or why there are none. */
type Look = Looks | NoData;

export function metricsSource({ stable, canary }: { stable: NamedEndpoint; canary?: NamedEndpoint | undefined }, module: ModulePolicy, asking: Asking, clock: Clock): Source {
  const isCompared = (rule: RuleName): boolean => rule.startsWith('canary-');
  return {
    name: stable.shown,
    covers: (rule) => (isTold(rule) || rule === GROWTH) && (!isCompared(rule) || canary !== undefined),
    async measure(rules) {
      const has = (test: (rule: RuleName) => boolean): boolean => rules.some(({ name }) => test(name));
      const [own, other, growth] = await Promise.all([
        has((name) => name !== GROWTH) ? lookTwice(stable, module, asking, clock) : undefined,
        canary && has(isCompared) ? lookTwice(canary, module, asking, clock) : undefined,
        has((name) => name === GROWTH) ? goroutineGrowth(stable, module, asking, clock) : undefined,
      ]);
      return new Map(rules.map((rule) => [rule.name, rule.name === GROWTH ? growth! : isCompared(rule.name) ? compared(rule, own!, other!, stable.shown, module) : measured(rule, own!, stable.shown, module)]));
    },
  };
}

function measured(rule: PlannedRule, look: Look, source: string, module: ModulePolicy): Measured {
  return 'problem' in look ? look : measuredOf(rule, tell(rule.name, look, module), look.seconds, source);
}

function compared(rule: PlannedRule, stable: Look, canary: Look, source: string, module: ModulePolicy): Measured {
  if ('problem' in canary) return canary;
  return 'problem' in stable ? stable : measuredOf(rule, compare(rule.name, canary, stable, module), stable.seconds, source);
}

function measuredOf(rule: PlannedRule, told: Told, seconds: number, source: string): Measured {
  if (typeof told === 'string') return { problem: told, status: 'absent', source };
  if (!Number.isFinite(told.value)) return { problem: Number.isNaN(told.value) ? 'NaN' : 'Inf is no measurement', status: 'absent', source };
  const { scale = 1 } = RULES[rule.name];
  return { value: told.value * scale, samples: told.samples, of: told.of, windowMs: Math.round(seconds * 1000), source, ...(told.isLeast && { isLeast: true as const, note: 'it lies above the largest limit of the histogram' }) };
}

/** @returns why it cannot be asked, as sources say it */
function noneOf(error: unknown, source: string): NoData {
  if (error instanceof CannotAsk) return { problem: error.message, status: error.status, source, ...(error.fix !== undefined && { fix: error.fix }) };
  if (error instanceof NotMetrics) return { problem: `what it answers is no text of metrics: ${error.message}`, status: 'absent', source };
  throw error;
}

async function goroutineGrowth(endpoint: NamedEndpoint, module: ModulePolicy, asking: Asking, clock: Clock): Promise<Measured> {
  try {
    return await growthByLows(async () => {
      const { series } = await scrape(endpoint, module, asking, clock);
      const counts = series.filter(({ name }) => name === 'go_goroutines').map(({ value }) => value);
      if (counts.length === 0) return 'empty: no series go_goroutines';
      const total = counts.reduce((sum, count) => sum + count, 0);
      return Number.isFinite(total) ? total : 'NaN';
    }, { source: endpoint.shown, sampleMs: module.sampleMs, signal: asking.signal, clock });
  } catch (error) {
    return noneOf(error, endpoint.shown);
  }
}

interface Scrape {
  series: Series[];
  atMs: number;
}

async function lookTwice(endpoint: NamedEndpoint, module: ModulePolicy, asking: Asking, clock: Clock): Promise<Look> {
  const none = (problem: string, more: Partial<NoData> = {}): NoData => ({ problem, status: 'absent', source: endpoint.shown, ...more });
  try {
    let before = await scrape(endpoint, module, asking, clock);
    for (let resets = 0; ; resets++) {
      await clock.pause(module.sampleMs);
      if (asking.signal.aborted) return none('stopped by a signal', { status: 'partial' });
      const after = await scrape(endpoint, module, asking, clock);
      const growth: Growth = growthOf(before.series, after.series, countersOf(module));
      const seconds = (after.atMs - before.atMs) / 1000;
      if (!growth.wasReset) return { grown: growth.counters, after: after.series, seconds };
      if (resets === MOST_RESETS) return none(`its counters began anew at each of ${MOST_RESETS + 1} looks: it is restarted again and again, or several processes answer in turn`);
      before = after;
    }
  } catch (error) {
    if (error instanceof CannotAsk) return none(error.message, { status: error.status, ...(error.fix !== undefined && { fix: error.fix }) });
    if (error instanceof NotMetrics) return none(`what it answers is no text of metrics: ${error.message}`);
    throw error;
  }
}

/** The series of the module: an endpoint that tells of several says so by the label. @throws CannotAsk, NotMetrics */
async function scrape(endpoint: NamedEndpoint, module: ModulePolicy, { signal, timeoutMs }: Asking, clock: Clock): Promise<Scrape> {
  const { label, name, staleMs } = module;
  const { status, text } = await askFor(endpoint, `${endpoint.path === '' ? '/metrics' : endpoint.path}${endpoint.search}`, { timeoutMs, mostBytes: MOST_BYTES, signal });
  const atMs = clock.now();
  if (status !== 200) throw new CannotAsk(`it answers ${status}`, 'absent');
  const series = parseExposition(text).series.filter(({ labels }) => labels[label] === undefined || labels[label] === name);
  const wanted = wantedOf(module);
  const oldest = series.reduce((least, { name: metric, atMs: stamp = Number.POSITIVE_INFINITY }) => (wanted.has(metric) ? Math.min(least, stamp) : least), Number.POSITIVE_INFINITY);
  if (Date.now() - oldest > staleMs) throw new CannotAsk(`stale: it tells values that are ${duration(Date.now() - oldest)} old`, 'absent');
  return { series, atMs };
}
