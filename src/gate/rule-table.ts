/** Every rule: how it is compared, in which unit, and which of its kind a source can tell. */
import type { ModulePolicy, RuleName } from '../policy/index.ts';
import type { Comparison, PlannedRule, Unit } from './model.ts';

interface RuleKind {
  comparison: Comparison;
  unit: Unit;
  /** Queries tell seconds; reports tell ms. */
  scale?: number;
  /** Of what the module serves, not of one process: several processes serve it together. */
  isTraffic: boolean;
  /** For people: `requests per second`. */
  words: string;
}

export const RULES: Readonly<Record<RuleName, RuleKind>> = {
  cooldown: { comparison: 'at-least', unit: 's', isTraffic: false, words: 'time since the last reload' },
  qps: { comparison: 'below', unit: 'requests/s', isTraffic: true, words: 'requests per second' },
  'error-rate': { comparison: 'below', unit: 'ratio', isTraffic: true, words: 'share of requests that fail' },
  latency: { comparison: 'below', unit: 'ms', scale: 1000, isTraffic: true, words: 'latency' },
  'gc-pause': { comparison: 'below', unit: 'ms', scale: 1000, isTraffic: false, words: 'longest pause of the garbage collector' },
  'fd-headroom': { comparison: 'at-least', unit: 'ratio', isTraffic: false, words: 'share of descriptors that is left' },
  'inotify-headroom': { comparison: 'at-least', unit: 'ratio', isTraffic: false, words: 'share of inotify instances and watches that is left' },
  'goroutine-growth': { comparison: 'below', unit: 'goroutines/min', isTraffic: false, words: 'growth of goroutines' },
  'accept-queue': { comparison: 'below', unit: 'ratio', isTraffic: false, words: 'filling of the accept queue' },
  'error-budget': { comparison: 'at-least', unit: 'ratio', isTraffic: true, words: 'share of the error budget that is left' },
  'canary-error-rate': { comparison: 'below', unit: 'ratio', isTraffic: true, words: 'share of failed requests of the canary above that of stable' },
  'canary-latency': { comparison: 'below', unit: 'ratio', isTraffic: true, words: 'latency of the canary above that of stable' },
};

/** The rules of a module, in the order in which they are told. */
export function planOf(module: ModulePolicy): PlannedRule[] {
  return [...module.thresholds].map(([name, threshold]) => {
    const { comparison, unit } = RULES[name];
    const minRequests = leastRequests(module, name, threshold);
    return {
      module: module.name,
      name,
      threshold,
      comparison,
      unit,
      windowMs: name === 'error-budget' ? module.slo!.windowMs : name === 'cooldown' ? threshold * 1000 : module.windowMs,
      ...(minRequests !== undefined && { minRequests }),
    };
  });
}

/** So many that one request more or less does not decide: of a threshold of 0.5 % that is 200, of a 99th percentile 100. */
function leastRequests({ minRequests, quantile, slo }: ModulePolicy, name: RuleName, threshold: number): number | undefined {
  // 1 / (1 - 0.99) is a little more than 100.
  const needed = (share: number): number => minRequests ?? Math.ceil(1 / share - 1e-6);
  if (name === 'error-rate' || name === 'canary-error-rate') return needed(threshold);
  if (name === 'latency' || name === 'canary-latency') return needed(1 - quantile);
  return name === 'error-budget' ? needed(1 - slo!.objective) : undefined;
}
