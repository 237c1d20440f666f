/** Values of rules from two looks at an endpoint of metrics. */
import type { ModulePolicy, RuleName } from '../../policy/index.ts';
import type { Grown } from './growth.ts';
import { type Bucket, quantileOf } from './quantile.ts';
import type { Series } from './parse.ts';
import { numberOf } from '../numbers.ts';

/** What was read, of the module alone. */
export interface Looks {
  /** By how much counters grew between them. */
  grown: readonly Grown[];
  after: readonly Series[];
  seconds: number;
}

/** A value in the units of queries, or why there is none. */
export type Told = { value: number; samples: number; of: 'requests' | 'looks'; isLeast?: boolean } | string;

type Read = (looks: Looks, module: ModulePolicy) => Told;

const sum = (grown: readonly Grown[]): number => grown.reduce((all, { by }) => all + by, 0);

/** Counters that two looks are needed for. */
export function countersOf({ metrics }: ModulePolicy): Set<string> {
  return new Set([metrics.requests, `${metrics.duration}_bucket`]);
}

/** All that a rule may be about. */
export function wantedOf(module: ModulePolicy): Set<string> {
  return new Set([...countersOf(module), 'go_gc_duration_seconds', 'go_goroutines', 'process_open_fds', 'process_max_fds']);
}

/** All, and those that failed, of series that bear a code. */
function requestsIn({ grown }: Looks, { metrics: { requests } }: ModulePolicy): { all: Grown[]; coded: Grown[]; failed: number; total: number } {
  const all = grown.filter(({ name }) => name === requests);
  const coded = all.filter(({ labels }) => Boolean(labels.code ?? labels.status));
  return { all, coded, failed: sum(coded.filter(({ labels }) => /^5..$/.test(labels.code ?? '') || /^5..$/.test(labels.status ?? ''))), total: sum(coded) };
}

function errorRate(looks: Looks, module: ModulePolicy): Told {
  const { all, coded, failed, total } = requestsIn(looks, module);
  if (all.length === 0) return absent(module.metrics.requests);
  if (coded.length === 0) return `${module.metrics.requests} has no label code or status: which requests failed is not told`;
  return total > 0 ? { value: failed / total, samples: total, of: 'requests' } : 'NaN: nothing was counted (0 of 0)';
}

function latency({ grown }: Looks, { metrics: { duration }, quantile }: ModulePolicy): Told {
  const series = grown.filter(({ name }) => name === `${duration}_bucket`);
  if (series.length === 0) return absent(`${duration}_bucket`);
  const buckets = series.map(({ labels, by }): Bucket => ({ limit: numberOf(labels.le ?? ''), count: by }));
  if (buckets.some(({ limit }) => Number.isNaN(limit))) return `${duration}_bucket has a bucket without its limit (le)`;
  const found = quantileOf(quantile, buckets);
  const total = sum(series.filter(({ labels }) => numberOf(labels.le ?? '') === Number.POSITIVE_INFINITY));
  return found ? { ...found, samples: total, of: 'requests' } : 'NaN: nothing was counted (0 of 0)';
}

const absent = (name: string): string => `empty: no series ${name}`;

/** The worst of gauges, and NaN where one of them is. */
function worst(values: readonly number[], choose: (...values: number[]) => number, name: string): Told {
  return values.length === 0 ? absent(name) : { value: choose(...values), samples: values.length, of: 'looks' };
}

const valuesOf = (series: readonly Series[], wanted: string): number[] => series.filter(({ name }) => name === wanted).map(({ value }) => value);

const TOLD: Readonly<Partial<Record<RuleName, Read>>> = {
  qps: (looks, module) => {
    const { all } = requestsIn(looks, module);
    return all.length === 0 ? absent(module.metrics.requests) : { value: sum(all) / looks.seconds, samples: sum(all), of: 'requests' };
  },
  'error-rate': errorRate,
  latency,
  'gc-pause': ({ after }) => worst(valuesOf(after.filter(({ labels }) => labels.quantile === '1'), 'go_gc_duration_seconds'), Math.max, 'go_gc_duration_seconds{quantile="1"}'),
  'fd-headroom': ({ after }) => {
    const [[open], [most]] = [valuesOf(after, 'process_open_fds'), valuesOf(after, 'process_max_fds')];
    return open === undefined || most === undefined ? absent('process_open_fds or process_max_fds') : worst([1 - open / most], Math.min, '');
  },
};

export const isTold = (rule: RuleName): boolean => rule in TOLD || rule === 'canary-error-rate' || rule === 'canary-latency';

export function tell(rule: RuleName, looks: Looks, module: ModulePolicy): Told {
  return TOLD[rule]?.(looks, module) ?? 'an endpoint of metrics does not tell it';
}

/** Two endpoints that are compared. */
export function compare(rule: RuleName, canary: Looks, stable: Looks, module: ModulePolicy): Told {
  const read = rule === 'canary-error-rate' ? errorRate : latency;
  const [one, other] = [read(canary, module), read(stable, module)];
  if (typeof one === 'string') return `canary: ${one}`;
  if (typeof other === 'string') return `stable: ${other}`;
  const value = rule === 'canary-error-rate' ? one.value - other.value : one.value / other.value - 1;
  // A stable that is slower than told makes the canary look worse, one that is not makes it look better.
  if (other.isLeast) return 'stable: its latency lies above the largest limit of the histogram';
  return { value, samples: Math.min(one.samples, other.samples), of: 'requests', ...(one.isLeast && { isLeast: true }) };
}
