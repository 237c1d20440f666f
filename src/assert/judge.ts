/** From what was seen to what fails: the rules, the policy, and the new baseline where one is written. */
import type { CommandContext, Observed } from '../command.ts';
import { writeBaseline } from '../policy/index.ts';
import type { FileSink } from '../render/index.ts';
import { compareFindings, type Coverage, type Finding, runRules } from '../report/index.ts';
import { judged, type Rulebook } from './policy.ts';

/** @param baseline takes all that would fail without a policy; undefined where none is written */
export async function judge(events: Iterable<Observed>, rulebook: Rulebook, baseline: FileSink | undefined, { rules }: CommandContext): Promise<{ findings: Finding[]; coverage: Coverage[] }> {
  const all = runRules(rules, events);
  const { findings, coverage } = judged(all, rulebook, new Date().toISOString().slice(0, 10));
  if (baseline) {
    await baseline.write(writeBaseline(all.filter(({ severity }) => severity !== 'info')));
    await baseline.finish();
  }
  return { findings: findings.sort(compareFindings), coverage };
}
