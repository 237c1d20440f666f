/** `data` of the report. */
import type { RuleName } from '../policy/index.ts';
import { decisionOf } from './judge.ts';
import type { Comparison, JudgedRule, Result, Unit, Value } from './model.ts';
import { promDuration } from './promql.ts';

export interface RuleRow {
  module: string;
  name: RuleName;
  /** null where there is none. */
  value: number | null;
  /** The value is this or more. */
  isLeast?: true;
  threshold: number;
  /** below: the threshold itself is too much; at-least: it is enough. */
  comparison: Comparison;
  unit: Unit;
  /** As policies write it; null for what is of this moment. */
  window: string | null;
  windowMs: number;
  samples: number | null;
  samplesOf: Value['of'] | null;
  result: Result;
  reason?: string;
  source: string | null;
}

export interface GateData {
  decision: Result;
  modules: { name: string; decision: Result }[];
  rules: RuleRow[];
  attempts: number;
  waitedMs: number;
  /** The reload that was noted by --record. */
  recorded?: { module: string; at: string; file: string };
}

export function dataOf(rules: readonly JudgedRule[], modules: readonly { name: string }[], waiting: { attempts: number; waitedMs: number }): GateData {
  return {
    decision: decisionOf(rules),
    modules: modules.map(({ name }) => ({ name, decision: decisionOf(rules.filter(({ module }) => module === name)) })),
    rules: rules.map(rowOf),
    ...waiting,
  };
}

function rowOf({ module, name, value, isLeast, threshold, comparison, unit, windowMs, samples, of, result, reason, source }: JudgedRule): RuleRow {
  return {
    module, name, value, ...(isLeast && { isLeast }), threshold, comparison, unit,
    window: windowMs === 0 ? null : promDuration(windowMs),
    windowMs,
    samples: samples === null ? null : Math.round(samples),
    samplesOf: of, result, ...(reason !== undefined && { reason }), source,
  };
}
