import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/kernel/user-error.ts';
import { readAssertPolicy, readGatePolicy } from '../../src/policy/index.ts';
import { planOf } from '../../src/gate/rule-table.ts';

const read = (text: string) => readGatePolicy(text, 'p.yaml');
const moduleOf = (text: string) => read(`modules:\n  - {name: a, ${text}}\n`).modules[0]!;
const PUBLISHED = 'modules: [{name: "payment-service", qps_threshold: 500, error_rate_threshold: 0.005, cooldown_seconds: 300}]';

describe('the policy of a gate', () => {
  it('is taken in the published form as it is', () => {
    const [module] = read(PUBLISHED).modules;
    expect([...module!.thresholds]).toEqual([['cooldown', 300], ['qps', 500], ['error-rate', 0.005]]);
    expect(planOf(module!)).toMatchObject([{ name: 'cooldown', comparison: 'at-least', unit: 's' }, { name: 'qps', comparison: 'below', windowMs: 120_000 }, { name: 'error-rate', comparison: 'below', minRequests: 200 }]);
  });

  it('is one file with that of assert, and with parts of others', () => {
    const text = `version: 1\nassert:\n  grace: 2s\ndrill: {times: 20}\ngate: {window: 5m}\n${PUBLISHED}\n`;
    expect(readAssertPolicy(text, 'p.yaml', [])).toMatchObject({ graceMs: 2000 });
    expect(read(text).modules[0]!.windowMs).toBe(300_000);
  });

  it.each([
    ['qps_threshold: 30000/m', 'qps', 500], ['error_rate_threshold: 0.5%', 'error-rate', 0.005], ['latency_threshold: 250ms', 'latency', 250], ['latency_threshold_ms: 250', 'latency', 250], ['latency_threshold: 1.5s', 'latency', 1500],
    ['gc_pause_threshold: 10ms', 'gc-pause', 10], ['fd_headroom_threshold: 20%', 'fd-headroom', 0.2], ['inotify_headroom_threshold: 0.1', 'inotify-headroom', 0.1], ['goroutine_growth_threshold: 600/h', 'goroutine-growth', 10],
    ['accept_queue_threshold: 50%', 'accept-queue', 0.5], ['cooldown: 5m', 'cooldown', 300], ['slo: 99.9%, error_budget_threshold: 0.1', 'error-budget', 0.1], ['canary: {latency_increase_threshold: 150%}', 'canary-latency', 1.5],
  ] as const)('reads %s', (text, rule, value) => {
    expect(moduleOf(text).thresholds.get(rule)).toBeCloseTo(value, 12);
  });

  it.each([
    ['modules:\n  - name: a\n    qps_treshold: 5\n', 'p.yaml:3:5: unknown key "qps_treshold", did you mean qps_threshold?'],
    ['module: []\n', 'p.yaml:1:1: unknown key "module", did you mean modules?'],
    ['gate: {windw: 2m}\n', 'p.yaml:1:8: unknown key "windw", did you mean window?'],
    ['gate: {metrics: {request: x}}\n', 'p.yaml:1:18: unknown key "request", did you mean requests?'],
    ['modules:\n  - {name: a, error_rate_threshold: 0.5 percent}\n', 'p.yaml:2:37: unknown unit "percent"'],
    ['modules:\n  - {name: a, error_rate_threshold: 1.5}\n', 'p.yaml:2:37: impossible: a share lies between 0 and 1, or 0% and 100% (1.5% is 0.015)'],
    ['modules:\n  - {name: a, error_rate_threshold: 0}\n', 'p.yaml:2:37: impossible: a value must be below its threshold'],
    ['modules:\n  - {name: a, error_rate_threshold: .nan}\n', 'p.yaml:2:37: a share (0.005 or 0.5%) is expected here'],
    ['modules:\n  - {name: a, qps_threshold: -1}\n', 'p.yaml:2:30: impossible: a rate of -1'],
    ['modules:\n  - {name: a, qps_threshold: 5/fortnight}\n', 'p.yaml:2:30: unknown unit "/fortnight"'],
    ['modules:\n  - {name: a, qps_threshold: many}\n', 'p.yaml:2:30: a rate (500, 500/s, 30000/m) is expected here, not "many"'],
    ['modules:\n  - {name: a, latency_threshold: 250}\n', 'p.yaml:2:34: a time needs its unit: 250s, 250ms or 250m'],
    ['modules:\n  - {name: a, latency_threshold: 3 parsecs}\n', 'p.yaml:2:34: unknown unit "parsecs"'],
    ['modules:\n  - {name: a, cooldown_seconds: 5m}\n', 'p.yaml:2:33: the unit stands in the key already'],
    ['modules:\n  - {name: a, cooldown_seconds: -5}\n', 'p.yaml:2:33: impossible: a time of -5'],
    ['modules:\n  - {name: a, cooldown: 5m, cooldown_seconds: 300}\n', 'cooldown: the same threshold is given twice'],
    ['modules:\n  - {name: a}\n', 'p.yaml:2:5: module "a" has no threshold'],
    ['modules:\n  - {qps_threshold: 1}\n', 'p.yaml:2:5: a module needs its name'],
    ['modules:\n  - {name: a, cooldown: 1m}\n  - {name: a, cooldown: 1m}\n', 'p.yaml:3:5: module "a" is there twice'],
    ['modules: {a: 1}\n', 'p.yaml:1:10: a list is expected here'],
    ['modules:\n  - {name: a, error_budget_threshold: 0.1}\n', 'error_budget_threshold needs slo'],
    ['modules:\n  - {name: a, error_budget_threshold: 0.1, slo: 100%}\n', 'p.yaml:2:49: impossible: of 100%'],
    ['modules:\n  - {name: a, cooldown: 1m, slo: 0.99}\n', 'slo needs error_budget_threshold'],
    ['modules:\n  - {name: a, canary: {}}\n', 'canary needs error_rate_increase_threshold'],
    ['modules:\n  - {name: a, canary: {canary: b, stable: b, latency_increase_threshold: 1}}\n', 'canary and stable are both "b"'],
    ['modules:\n  - {name: a, cooldown: 1m, window: 1s}\n', 'too short: at least 2s'],
    ['modules:\n  - {name: a, cooldown: 1m, prometheus: "ftp://x"}\n', 'p.yaml:2:41: a URL is expected here'],
    ['modules:\n  - {name: a, cooldown: 1m, label: "a b"}\n', 'the name of a label is expected here'],
    ['modules:\n  - {name: a, cooldown: 1m, service: "("}\n', 'this is no regular expression'],
    ['modules:\n  - {name: a, latency_threshold: 1s, latency_quantile: 1}\n', 'impossible: a quantile lies between 0 and 1'],
    ['modules:\n  - {name: a, cooldown: 1m, queries: {cooldown: x}}\n', 'unknown key "cooldown"'],
    ['modules:\n  - {name: a, cooldown: 1m, queries: {qps: {requests: x}}}\n', 'a query needs its value'],
  ])('with a mistake names its place: %j', (text, message) => {
    expect(() => read(text)).toThrow(UserError);
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(/^p\.yaml:\d+:\d+: /);
  });

  it('shows no password of a URL that is none', () => {
    expect(() => read('gate: {prometheus: "ftp://u:geheim@x"}\n')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('geheim') }) as Error);
  });

  it('of any value of any key is a policy or an error of the user', () => {
    const keys = fc.constantFrom('qps_threshold', 'error_rate_threshold', 'cooldown', 'cooldown_seconds', 'latency_threshold', 'canary', 'slo', 'window', 'queries', 'metrics', 'label', 'uid', 'endpoint', 'min_requests');
    const values = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.constantFrom('1s', '50%', '{}', '[]', '~', '-0', '1e400', '5m', '"', '&a *a'));
    fc.assert(fc.property(keys, values, (key, value) => {
      try {
        expect(read(`modules:\n  - name: a\n    ${key}: ${value}\n`).modules).toHaveLength(1);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as Error).message).toMatch(/^p\.yaml:\d+:\d+: /);
      }
    }), { numRuns: 500 });
  });
});
