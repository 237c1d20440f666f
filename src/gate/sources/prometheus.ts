/** Values of rules from the query API of Prometheus. */
import type { ModulePolicy, RuleName } from '../../policy/index.ts';
import { duration } from '../../report/words.ts';
import type { Measured, NoData, PlannedRule } from '../model.ts';
import { factsQuery, FACT_LABEL, queryOf, type RuleQuery } from '../promql.ts';
import { RULES } from '../rule-table.ts';
import { CannotAsk, type NamedEndpoint } from './endpoint.ts';
import { BadQuery, instantQuery, type Point } from './prometheus-api.ts';
import type { Asking, Source } from './types.ts';

/** Queries under way at once: a server has few places for them. */
const AT_ONCE = 4;

/** @param module whose rules are asked for @param now Unix time, ms */
export function prometheusSource(endpoint: NamedEndpoint, module: ModulePolicy, asking: Asking, now: () => number): Source {
  return {
    name: endpoint.shown,
    covers: (rule) => queryOf(module, rule) !== undefined,
    async measure(rules) {
      const found = new Map<RuleName, Measured>();
      // Who does not answer once is not asked again and again.
      let silent: NoData | undefined;
      const waiting = [...rules];
      const worker = async (): Promise<void> => {
        for (let rule = waiting.shift(); rule; rule = waiting.shift()) {
          const measured: Measured = silent ?? (await measureRule(rule, queryOf(module, rule.name)!, endpoint, module, asking, now));
          if ('problem' in measured && (measured.status === 'timeout' || measured.status === 'denied')) silent ??= measured;
          found.set(rule.name, measured);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return found;
    },
  };
}

async function measureRule(rule: PlannedRule, query: RuleQuery, endpoint: NamedEndpoint, module: ModulePolicy, asking: Asking, now: () => number): Promise<Measured> {
  const source = endpoint.shown;
  const none = (problem: string, more: Partial<NoData> = {}): NoData => ({ problem, status: 'absent', source, ...more });
  try {
    const points = await instantQuery(endpoint, query.value, asking);
    const facts = Object.keys(query.facts).length > 0 ? factsOf(await instantQuery(endpoint, factsQuery(query.facts), asking)) : new Map<string, number>();
    const problem = oldness(facts, module.staleMs) ?? wrongWith(points, now(), module.staleMs);
    if (problem !== undefined) return none(problem);
    const { scale = 1 } = RULES[rule.name];
    // Only where the facts are those of the rule does a sample of the one count.
    const requests = rule.minRequests !== undefined || rule.name === 'qps' ? lesserOf(facts.get('requests'), facts.get('stable')) : undefined;
    const isBeyond = (facts.get('beyond') ?? 0) > 1 - module.quantile;
    return {
      value: points[0]!.value * scale,
      samples: requests === undefined ? (facts.get('scrapes') ?? null) : Math.round(requests),
      of: requests === undefined ? 'scrapes' : 'requests',
      windowMs: rule.windowMs,
      source,
      ...(isBeyond && { isLeast: true as const, note: 'it lies above the largest limit of the histogram' }),
    };
  } catch (error) {
    if (error instanceof CannotAsk) return none(error.message, { status: error.status, ...(error.fix !== undefined && { fix: error.fix }) });
    if (!(error instanceof BadQuery)) throw error;
    query.own?.fail(`Prometheus does not take this query: ${error.message}`);
    return none(`it does not take the query (${error.message})`);
  }
}

/** By name; what bears no such label is no answer to this question. */
function factsOf(points: readonly Point[]): Map<string, number> {
  return new Map(points.flatMap(({ labels, value }) => (labels[FACT_LABEL] !== undefined && Number.isFinite(value) ? [[labels[FACT_LABEL], value] as const] : [])));
}

/** Samples that were taken are no longer, or the last one is old: what a rate is made of them says nothing of now. */
function oldness(facts: ReadonlyMap<string, number>, staleMs: number): string | undefined {
  const age = facts.get('age');
  if (age !== undefined) return age * 1000 > staleMs ? `stale: the last sample is ${duration(age * 1000)} old (more than ${duration(staleMs)})` : undefined;
  return facts.has('scrapes') ? 'stale: it was scraped within the window, and is no longer' : undefined;
}

function wrongWith(points: readonly Point[], nowMs: number, staleMs: number): string | undefined {
  const [point] = points;
  if (!point) return 'empty: no such series, or not for long enough';
  if (points.length > 1) return `several series (${points.length}) where one number is wanted: sum(), max() or min() makes one of them`;
  if (Number.isNaN(point.value)) return 'NaN: nothing was counted (0 of 0)';
  if (!Number.isFinite(point.value)) return `${point.value > 0 ? '+' : '-'}Inf is no measurement`;
  const ageMs = nowMs - point.atMs;
  if (ageMs > staleMs) return `stale: the answer is of ${duration(ageMs)} ago`;
  return ageMs < -staleMs ? `the answer is of ${duration(-ageMs)} from now: its clock and ours differ` : undefined;
}

function lesserOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
