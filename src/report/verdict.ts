import { atOrAbove } from './rule.ts';
import type { Coverage, FailOn, Finding, Verdict } from './types.ts';

/**
 * The one place where findings and coverage become a verdict. A proven fault stays `fail` on partial coverage;
 * without one, anything needed that could not be read makes it `inconclusive`.
 */
export function verdictOf(findings: readonly Finding[], coverage: readonly Coverage[], failOn: FailOn): Verdict {
  if (failOn !== 'never' && findings.some((finding) => atOrAbove(finding.severity, failOn))) return 'fail';
  return coverage.some((entry) => entry.needed && entry.status !== 'ok') ? 'inconclusive' : 'pass';
}

const exitCodes: Record<Verdict, number> = { pass: 0, fail: 1, inconclusive: 3 };

export function exitCodeOf(verdict: Verdict): number {
  return exitCodes[verdict];
}
