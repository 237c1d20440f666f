/** The query of each rule, as PromQL, with the name of the module as a label; and what shows whether its answer can be relied on. */
import type { ModulePolicy, OwnQuery, RuleName } from '../policy/index.ts';

export interface RuleQuery {
  /** One number. Durations in seconds. */
  value: string;
  /** By name, one number each, asked for together: `age` in seconds, `requests`, `scrapes`, `beyond`. */
  facts: Readonly<Record<string, string>>;
  own?: OwnQuery;
}

/** The label that tells the facts apart, which are one answer. */
export const FACT_LABEL = 'reloadctl';

type Build = (module: ModulePolicy, window: string) => Omit<RuleQuery, 'own'>;

/** Undefined for what no query tells. */
export function queryOf(module: ModulePolicy, rule: RuleName): RuleQuery | undefined {
  const window = promDuration(rule === 'error-budget' ? module.slo!.windowMs : module.windowMs);
  const own = module.queries.get(rule);
  if (own) {
    const fill = (text: string): string => text.replaceAll('$module', escapeString(module.name)).replaceAll('$window', window);
    const facts = { ...(own.requests !== undefined && { requests: fill(own.requests) }), ...(own.age !== undefined && { age: fill(own.age) }) };
    return { value: fill(own.value), facts, own };
  }
  return BUILD[rule]?.(module, window);
}

/** All facts as one query. */
export function factsQuery(facts: RuleQuery['facts']): string {
  return Object.entries(facts).map(([name, query]) => `label_replace(${query}, "${FACT_LABEL}", "${name}", "", "")`).join(' or ');
}

/** `2m`, `90s`, `1500ms`: Prometheus takes whole numbers. */
export function promDuration(ms: number): string {
  const units: [string, number][] = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000]];
  const [unit, size] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${Math.round(ms / size)}${unit}`;
}

export function escapeString(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function matcherOf({ label, name }: ModulePolicy, ...more: string[]): string {
  return `{${[`${label}="${escapeString(name)}"`, ...more].join(',')}}`;
}

/** What `reloadctl exporter` calls a service: a unit, a program, or what the policy says. */
function serviceMatcher({ service, name }: ModulePolicy, ...more: string[]): string {
  const pattern = service ?? `${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(\\.service)?`;
  return `{${[`service=~"${escapeString(pattern)}"`, ...more].join(',')}}`;
}

/**
 * Failed and all requests. Codes stand in one of two labels; without any the answer is empty, and never 0.
 * Where nothing failed there is no series of failures: that is 0 of those that are counted by code.
 */
function requestsOf(module: ModulePolicy, window: string, ...more: string[]): { failed: string; total: string; ratio: string } {
  const { requests } = module.metrics;
  const rate = (matcher: string): string => `rate(${requests}${matcherOf(module, ...more, matcher)}[${window}])`;
  const total = `sum(${rate('code!=""')} or ${rate('status!=""')})`;
  const failed = `(sum(${rate('code=~"5.."')} or ${rate('status=~"5.."')}) or 0 * ${total})`;
  return { failed, total, ratio: `${failed} / ${total}` };
}

function latencyOf(module: ModulePolicy, window: string, ...more: string[]): string {
  return `histogram_quantile(${module.quantile}, sum by (le) (rate(${module.metrics.duration}_bucket${matcherOf(module, ...more)}[${window}])))`;
}

/** Part of the requests that took longer than the largest limit of the histogram: such a quantile is told too small. */
function beyondOf(module: ModulePolicy, window: string, ...more: string[]): string {
  const bucket = (matcher: string): string => `rate(${module.metrics.duration}_bucket${matcherOf(module, ...more, matcher)}[${window}])`;
  return `1 - max(sum by (le) (${bucket('le!="+Inf"')})) / sum(${bucket('le="+Inf"')})`;
}

/** Age of the oldest of the series that are there, and how many samples were taken. */
function seenOf(window: string, ...selectors: string[]): { age: string; scrapes: string } {
  return {
    age: `time() - min(${selectors.map((selector) => `timestamp(${selector})`).join(' or ')})`,
    scrapes: `sum(${selectors.map((selector) => `count_over_time(${selector}[${window}])`).join(' or ')})`,
  };
}

const highest = (selector: string, window: string): string => `max_over_time(${selector}[${window}])`;
const lowest = (selector: string, window: string): string => `min_over_time(${selector}[${window}])`;
const increase = (selector: string, window: string): string => `sum(increase(${selector}[${window}]))`;

const BUILD: Readonly<Partial<Record<RuleName, Build>>> = {
  qps: (module, window) => {
    const selector = `${module.metrics.requests}${matcherOf(module)}`;
    return { value: `sum(rate(${selector}[${window}]))`, facts: { requests: increase(selector, window), ...seenOf(window, selector) } };
  },
  'error-rate': (module, window) => {
    const selector = `${module.metrics.requests}${matcherOf(module)}`;
    return { value: requestsOf(module, window).ratio, facts: { requests: increase(selector, window), ...seenOf(window, selector) } };
  },
  latency: (module, window) => {
    const selector = `${module.metrics.duration}_bucket${matcherOf(module, 'le="+Inf"')}`;
    return { value: latencyOf(module, window), facts: { requests: increase(selector, window), beyond: beyondOf(module, window), ...seenOf(window, selector) } };
  },
  'gc-pause': (module, window) => {
    const selector = `go_gc_duration_seconds${matcherOf(module, 'quantile="1"')}`;
    return { value: `max(${highest(selector, window)})`, facts: seenOf(window, selector) };
  },
  'fd-headroom': (module, window) => {
    const [open, most, ratio] = [`process_open_fds${matcherOf(module)}`, `process_max_fds${matcherOf(module)}`, `reloadctl_process_fd_limit_ratio${serviceMatcher(module)}`];
    return { value: `min(1 - ${highest(open, window)} / ${lowest(most, window)} or 1 - ${highest(ratio, window)})`, facts: seenOf(window, open, ratio) };
  },
  'inotify-headroom': (module, window) => {
    const user = module.uid === undefined ? '' : `{uid="${module.uid}"}`;
    const here = `and on (instance) reloadctl_processes${serviceMatcher(module)}`;
    const left = (what: string): string => `label_replace(1 - ${highest(`reloadctl_inotify_${what}${user}`, window)} / ${lowest(`reloadctl_inotify_${what}_limit${user}`, window)}, "of", "${what}", "", "") ${here}`;
    return { value: `min((${left('instances')}) or (${left('watches')}))`, facts: seenOf(window, `reloadctl_processes${serviceMatcher(module)}`) };
  },
  'goroutine-growth': (module, window) => {
    const selectors = [`go_goroutines${matcherOf(module)}`, `reloadctl_goroutines${serviceMatcher(module)}`];
    const grown = selectors.map((selector) => `(${lowest(selector, window)} - min_over_time(${selector}[${window}] offset ${window}))`).join(' or ');
    return { value: `max(${grown}) * ${60_000 / module.windowMs}`, facts: seenOf(window, ...selectors) };
  },
  'accept-queue': (module, window) => {
    const [queue, backlog] = [`reloadctl_listen_queue${serviceMatcher(module)}`, `reloadctl_listen_backlog${serviceMatcher(module)}`];
    return { value: `max(${highest(queue, window)} / (${lowest(backlog, window)} + 1))`, facts: seenOf(window, queue) };
  },
  'error-budget': (module, window) => {
    const selector = `${module.metrics.requests}${matcherOf(module)}`;
    return { value: `1 - (${requestsOf(module, window).ratio}) / (1 - ${module.slo!.objective})`, facts: { requests: increase(selector, window), age: seenOf(window, selector).age } };
  },
  'canary-error-rate': (module, window) => comparison(module, window, module.metrics.requests, (more) => requestsOf(module, window, more).ratio, (canary, stable) => `(${canary}) - (${stable})`),
  'canary-latency': (module, window) => comparison(module, window, `${module.metrics.duration}_count`, (more) => latencyOf(module, window, more), (canary, stable) => `${canary} / ${stable} - 1`),
};

function comparison(module: ModulePolicy, window: string, metric: string, of: (matcher: string) => string, compare: (canary: string, stable: string) => string): Omit<RuleQuery, 'own'> {
  const { label, canary, stable } = module.canary!;
  const [one, other] = [canary, stable].map((value) => `${label}="${escapeString(value)}"`) as [string, string];
  const [left, right] = [`${metric}${matcherOf(module, one)}`, `${metric}${matcherOf(module, other)}`];
  return { value: compare(of(one), of(other)), facts: { requests: increase(left, window), stable: increase(right, window), ...seenOf(window, left, right) } };
}
