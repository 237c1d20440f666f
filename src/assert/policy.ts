/** Policy, baseline and what they make of findings. */
import type { CommandContext } from '../command.ts';
import { inputExists } from '../evidence/index.ts';
import { readUserInput } from '../kernel/user-input.ts';
import { type AllowEntry, applyAllow, type AssertPolicy, readAssertPolicy, readBaseline } from '../policy/index.ts';
import type { Coverage, Finding } from '../report/index.ts';
import { BUDGETS } from './model.ts';

/** Taken where none is named; never looked for further up. */
const USUAL = 'reloadctl.yaml';
const never = new AbortController().signal;

export interface Rulebook extends AssertPolicy {
  /** The file it is from. */
  file: string | undefined;
  baseline: AllowEntry[];
}

/** @throws UserError, exit 2: before anything is started */
export async function readRulebook(policy: string | undefined, baseline: string | undefined, context: CommandContext): Promise<Rulebook> {
  const read = (file: string) => readUserInput(file, context.stdin, never);
  const file = policy ?? (inputExists(USUAL) ? USUAL : undefined);
  const own = file === undefined ? { budgets: {}, allow: [] } : readAssertPolicy((await read(file)).text, file, BUDGETS);
  return { ...own, file, baseline: baseline === undefined ? [] : readBaseline((await read(baseline)).text, baseline) };
}

/** Entries that are over are told, also where nothing is found: somebody wanted to be reminded. */
export function judged(findings: readonly Finding[], { allow, baseline }: Rulebook, today: string): { findings: Finding[]; coverage: Coverage[] } {
  const applied = applyAllow(findings, [...allow, ...baseline], today);
  const over = allow.filter(({ until }) => until !== undefined && until < today);
  const coverage = over.map(({ fingerprint, until, reason }): Coverage => ({
    source: `allow entry ${fingerprint}`, status: 'absent', detail: `expired after ${until} (${reason})`, fix: 'mend what it allowed, or give it another day', needed: false,
  }));
  return { findings: applied.findings, coverage };
}
