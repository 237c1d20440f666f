/** From what was told to GO, NO-GO or NO-DATA of one rule. */
import { count, duration } from '../report/words.ts';
import { chanceOf } from './chance.ts';
import { hasValue, type JudgedRule, type Measured, type PlannedRule, type Result, type Value } from './model.ts';
import { amountOf } from './words.ts';

/** A surprise that comes once in twenty times is taken for no chance. */
const SURPRISE = 0.05;

export function judge(rule: PlannedRule, measured: Measured): JudgedRule {
  if (!hasValue(measured)) {
    const { problem, status, source, fix } = measured;
    return { type: 'gate-rule', ...rule, result: 'no-data', value: null, samples: null, of: null, source, reason: problem, status, ...(fix !== undefined && { fix }) };
  }
  const { value, samples, of, source, windowMs, isLeast, note } = measured;
  const { result, reason = note } = verdictOf(rule, measured);
  return {
    type: 'gate-rule', ...rule, windowMs, result, value, samples, of, source,
    ...(isLeast && { isLeast }),
    ...(reason !== undefined && { reason }),
    ...(result === 'no-data' && { status: 'partial' as const }),
  };
}

function verdictOf(rule: PlannedRule, measured: Value): { result: Result; reason?: string } {
  const { value, samples, of, isLeast } = measured;
  const isFine = rule.comparison === 'below' ? value < rule.threshold : value >= rule.threshold;
  const least = rule.minRequests ?? 0;
  if (of === 'requests' && samples !== null && samples < least) {
    const few = `${count(Math.round(samples))} of at least ${count(least)} requests`;
    if (!isFine && rule.name === 'error-rate' && isProven(value, samples, rule.threshold)) return { result: 'no-go', reason: `${few}, and so many failures are no chance` };
    return { result: 'no-data', reason: `${few}: too few to say` };
  }
  if (!isFine) return { result: 'no-go' };
  if (isLeast) return { result: 'no-data', reason: `at least ${amountOf(value, rule.unit)}: it lies above the largest limit of the histogram` };
  return { result: 'go' };
}

function isProven(ratio: number, requests: number, threshold: number): boolean {
  const all = Math.round(requests);
  return all > 0 && chanceOf(Math.round(ratio * all), all, threshold) < SURPRISE;
}

/** Over its threshold beats not known, which beats GO. */
export function decisionOf(rules: readonly Pick<JudgedRule, 'result'>[]): Result {
  if (rules.some(({ result }) => result === 'no-go')) return 'no-go';
  return rules.some(({ result }) => result === 'no-data') ? 'no-data' : 'go';
}

/** `2 min`, and of one look nothing. */
export function windowWords({ windowMs, name }: Pick<PlannedRule, 'windowMs' | 'name'>): string {
  return windowMs === 0 || name === 'cooldown' ? 'now' : duration(windowMs);
}
