import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOf } from '../../src/gate/chance.ts';
import { judgeCooldown } from '../../src/gate/cooldown.ts';
import { decisionOf, judge } from '../../src/gate/judge.ts';
import type { Measured, PlannedRule, Value } from '../../src/gate/model.ts';
import { explain } from '../../src/gate/explain.ts';
import { queryOf } from '../../src/gate/promql.ts';
import { gateRules } from '../../src/gate/rules/index.ts';
import { planOf } from '../../src/gate/rule-table.ts';
import { amountOf } from '../../src/gate/words.ts';
import { readGatePolicy, RULE_NAMES } from '../../src/policy/index.ts';
import { runRules, verdictOf } from '../../src/report/index.ts';

const rule = (more: Partial<PlannedRule> = {}): PlannedRule => ({ module: 'web', name: 'qps', threshold: 500, comparison: 'below', unit: 'requests/s', windowMs: 120_000, ...more });
const value = (more: Partial<Value> = {}): Measured => ({ value: 1, samples: 1000, of: 'requests', windowMs: 120_000, source: 's', ...more });
const resultOf = (one: PlannedRule, measured: Measured) => judge(one, measured).result;

describe('a rule', () => {
  it.each([[499.999, 'go'], [500, 'no-go'], [500.001, 'no-go'], [0, 'go']] as const)('that wants less than 500: %s is %s', (seen, result) => {
    expect(resultOf(rule(), value({ value: seen }))).toBe(result);
  });

  it.each([[0.2, 'go'], [0.1999, 'no-go'], [0.3, 'go'], [-1, 'no-go']] as const)('that wants at least 20%%: %s is %s', (seen, result) => {
    expect(resultOf(rule({ comparison: 'at-least', threshold: 0.2 }), value({ value: seen }))).toBe(result);
  });

  it('of a value that is at least so much is NO-GO or not known', () => {
    expect(resultOf(rule(), value({ value: 500, isLeast: true }))).toBe('no-go');
    expect(resultOf(rule(), value({ value: 499, isLeast: true }))).toBe('no-data');
  });

  it('of too few requests is not known, unless so many failures are no chance', () => {
    const errors = rule({ name: 'error-rate', threshold: 0.005, unit: 'ratio', minRequests: 200 });
    expect(resultOf(errors, value({ value: 0, samples: 199 }))).toBe('no-data');
    expect(resultOf(errors, value({ value: 0, samples: 200 }))).toBe('go');
    expect(resultOf(errors, value({ value: 1 / 20, samples: 20 }))).toBe('no-data');
    expect(resultOf(errors, value({ value: 2 / 20, samples: 20 }))).toBe('no-go');
    expect(resultOf(rule({ name: 'latency', minRequests: 100 }), value({ value: 900, samples: 5 }))).toBe('no-data');
    expect(resultOf(errors, value({ value: 0, samples: null }))).toBe('go');
  });

  it('without a value is not known, with the reason', () => {
    expect(judge(rule(), { problem: 'NaN', status: 'absent', source: 'p', fix: 'f' })).toMatchObject({ result: 'no-data', value: null, reason: 'NaN', fix: 'f' });
  });
});

describe('rules together', () => {
  const results = ['go', 'no-data', 'no-go'] as const;
  it('are as bad as the worst: over a threshold, then not known, then GO; and exit codes follow', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...results), { minLength: 1 }), (given) => {
      const decision = decisionOf(given.map((result) => ({ result })));
      expect(decision).toBe(results.toReversed().find((result) => given.includes(result)));
      const judged = given.map((result, index) => ({ ...judge(rule({ module: `m${index}` }), result === 'no-data' ? { problem: 'x', status: 'absent', source: 's' } : value({ value: result === 'go' ? 1 : 900 })) }));
      const coverage = judged.map((one) => ({ source: one.module, status: one.status ?? ('ok' as const), needed: true }));
      expect(verdictOf(runRules(gateRules, judged), coverage, 'critical')).toBe({ go: 'pass', 'no-go': 'fail', 'no-data': 'inconclusive' }[decision]);
    }));
  });

  it('have a finding each, of the last look', () => {
    expect(gateRules.map(({ id }) => id).sort()).toEqual(RULE_NAMES.map((name) => `gate/${name}`).sort());
    const [over, fine] = [judge(rule(), value({ value: 900 })), judge(rule(), value())];
    expect(runRules(gateRules, [fine, over])).toMatchObject([{ id: 'gate/qps', severity: 'critical', title: 'NO-GO web: qps is 900/s, allowed is below 500/s (2 min, 1,000 requests)', evidence: [{ value: 900, limit: 500 }, { value: 1000 }] }]);
    expect(runRules(gateRules, [over, fine])).toEqual([]);
  });
});

describe('the chance of failures', () => {
  it('is that of the binomial distribution', () => {
    expect(chanceOf(0, 10, 0.5)).toBe(1);
    expect(chanceOf(1, 10, 0.5)).toBeCloseTo(1 - 0.5 ** 10, 12);
    expect(chanceOf(10, 10, 0.5)).toBeCloseTo(0.5 ** 10, 12);
    expect(chanceOf(2, 20, 0.005)).toBeCloseTo(1 - 0.995 ** 20 - 20 * 0.005 * 0.995 ** 19, 10);
    expect(chanceOf(11, 10, 0.5)).toBe(0);
  });

  it('falls with the number of failures', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0.0001, max: 0.999, noNaN: true }), (all, failures, share) => {
      const [one, more] = [chanceOf(failures, all, share), chanceOf(failures + 1, all, share)];
      expect(one).toBeGreaterThanOrEqual(more - 1e-9);
      expect(one >= 0 && one <= 1).toBe(true);
    }));
  });
});

describe('a cool-down', () => {
  const [web] = readGatePolicy('modules: [{name: web, cooldown_seconds: 300}]', 'p').modules;
  const [plan] = planOf(web!);
  const now = Date.parse('2026-11-23T02:00:00Z');
  const at = (ago: number, more: object = {}) => ({ at: new Date(now - ago * 1000).toISOString(), by: 'drill' as const, target: 'x', module: 'web', ...more });
  const judged = (...entries: ReturnType<typeof at>[]) => judgeCooldown(plan!, web!, { file: 'f', entries, damaged: 0 }, now);

  it.each([[299, 'no-go'], [300, 'go'], [301, 'go'], [0, 'no-go'], [-1, 'no-go'], [-60, 'no-data']] as const)('%s s after a reload is %s', (ago, result) => {
    expect(judged(at(ago)).result).toBe(result);
  });

  it('counts from the last reload of this module', () => {
    expect(judged(at(1000), at(10), at(500)).value).toBe(10);
    expect(judged(at(10, { module: 'api' })).result).toBe('go');
    expect(judged(at(10, { module: null })).result).toBe('go');
    expect(judged(at(10, { module: null, target: 'web' })).result).toBe('no-go');
    const [own] = readGatePolicy('modules: [{name: web, cooldown: 5m, target: "h:80", endpoint: "http://h:9100/metrics"}]', 'p').modules;
    for (const target of ['h:80', 'h:9100', 'web']) expect(judgeCooldown(plan!, own!, { file: 'f', entries: [at(10, { module: null, target })], damaged: 0 }, now).result).toBe('no-go');
    expect(judged()).toMatchObject({ result: 'go', value: null, reason: 'no reload of it is on record' });
  });

  it('is not known where nothing may be read', () => {
    expect(judgeCooldown(plan!, web!, { file: 'f', entries: [], damaged: 0, errno: 'EACCES' }, now)).toMatchObject({ result: 'no-data', status: 'denied' });
  });
});

describe('queries', () => {
  const policy = 'modules:\n  - name: \'a "b" \\\'\n    qps_threshold: 5\n    fd_headroom_threshold: 10%\n    queries: {error_rate: "x{m=\\"$module\\"}[$window]"}\n    error_rate_threshold: 1%\n';
  const [module] = readGatePolicy(policy, 'p').modules;

  it('hold the name of the module as a label, escaped', () => {
    expect(queryOf(module!, 'qps')!.value).toBe('sum(rate(http_requests_total{module="a \\"b\\" \\\\"}[2m]))');
    expect(queryOf(module!, 'error-rate')).toMatchObject({ value: 'x{m="a \\"b\\" \\\\"}[2m]', facts: {} });
    expect(queryOf(module!, 'fd-headroom')!.value).toContain('service=~"a \\"b\\" \\\\\\\\(\\\\.service)?"');
  });

  it('are shown, with what is allowed, by --explain', () => {
    const text = explain([module!], 'p.yaml');
    expect(text).toContain('qps: requests per second; GO when below 5/s, over 2 min\n    query: sum(rate(http_requests_total{');
    expect(text).toContain('error-rate: share of requests that fail; GO when below 1%, over 2 min, of at least 100 requests\n    query of the policy: x{m=');
  });
});

describe('an amount', () => {
  it.each([[0.00512, 'ratio', '0.512%'], [0.2, 'ratio', '20%'], [1234.5, 'requests/s', '1,235/s'], [250, 'ms', '250 ms'], [300, 's', '5 min'], [2, 'goroutines/min', '+2/min'], [-0.05, 'ratio', '-5%']] as const)('%s of %s is %s', (amount, unit, text) => {
    expect(amountOf(amount, unit)).toBe(text);
  });
});
