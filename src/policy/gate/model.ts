/** The part of a policy that `gate` goes by, as it was read: times in ms (cool-downs in s), shares as 0 to 1, requests per second, growth per minute. */

export const RULE_NAMES = ['cooldown', 'qps', 'error-rate', 'latency', 'gc-pause', 'fd-headroom', 'inotify-headroom', 'goroutine-growth', 'accept-queue', 'error-budget', 'canary-error-rate', 'canary-latency'] as const;
export type RuleName = (typeof RULE_NAMES)[number];

/** A query of the user's own. */
export interface OwnQuery {
  /** Durations in seconds, shares as 0 to 1, rates per second, growth per minute. */
  value: string;
  /** How many requests it is about. */
  requests?: string;
  /** How old the youngest of its samples is, s. */
  age?: string;
  /** Throws UserError with its place. */
  fail(what: string): never;
}

export interface ModulePolicy {
  name: string;
  thresholds: ReadonlyMap<RuleName, number>;
  queries: ReadonlyMap<RuleName, OwnQuery>;
  prometheus?: string;
  /** URL of metrics in the text format of Prometheus. */
  endpoint?: string;
  pprof?: string;
  /** As targets are named: a pid, a name, `unit:nginx.service`. */
  process?: string;
  /** What drills of it are made to, as they note it: `127.0.0.1:8080`. */
  target?: string;
  /** The label that holds the name of the module. */
  label: string;
  /** Regular expression for the label `service` of the metrics of `reloadctl exporter`. */
  service?: string;
  /** User whose inotify is looked at; all of the host without. */
  uid?: number;
  metrics: { requests: string; duration: string };
  windowMs: number;
  staleMs: number;
  /** Between two looks at what only tells counts. */
  sampleMs: number;
  /** Fewer say nothing; undefined: as many as the threshold needs. */
  minRequests?: number;
  /** 0 to 1. */
  quantile: number;
  /** Share of requests that shall succeed, and over how long. */
  slo?: { objective: number; windowMs: number };
  canary?: { label: string; canary: string; stable: string; endpoint?: string };
}

export interface GatePolicy {
  modules: ModulePolicy[];
}
