/** How long ago a module was reloaded, by what was noted. */
import type { ModulePolicy } from '../policy/index.ts';
import { duration } from '../report/words.ts';
import type { ReloadsRead } from '../state/reloads.ts';
import type { JudgedRule, PlannedRule } from './model.ts';

/** Clocks are set back by this much without anybody noticing. */
const TOLERATED_MS = 2000;

export function judgeCooldown(rule: PlannedRule, module: ModulePolicy, { file, entries, errno }: ReloadsRead, nowMs: number): JudgedRule {
  const judged = { type: 'gate-rule' as const, ...rule, value: null, samples: null, of: null, source: file };
  if (errno !== undefined) return { ...judged, result: 'no-data', reason: `what was reloaded when cannot be read (${errno})`, status: 'denied' };
  const own = entries.filter((entry) => isOf(entry, module));
  const last = own.reduce<number | undefined>((latest, { at }) => Math.max(latest ?? 0, Date.parse(at)), undefined);
  if (last === undefined) return { ...judged, result: 'go', reason: 'no reload of it is on record' };
  const elapsedMs = nowMs - last;
  if (elapsedMs < -TOLERATED_MS) return { ...judged, result: 'no-data', reason: `its last reload is noted for ${duration(-elapsedMs)} from now: the clock was set back`, status: 'partial' };
  const value = Math.max(0, elapsedMs) / 1000;
  const left = rule.threshold - value;
  return { ...judged, value, ...(left > 0 ? { result: 'no-go', reason: `${duration(left * 1000)} to go` } : { result: 'go' }) };
}

/** By its module; a drill that named none, by what it was done to. */
function isOf({ module, target }: ReloadsRead['entries'][number], policy: ModulePolicy): boolean {
  if (module !== null) return module === policy.name;
  return [policy.name, policy.target, policy.process, policy.endpoint, policy.endpoint && new URL(policy.endpoint).host].includes(target);
}
