/** The rules about descriptor tables: a new one is one file, one line here, one page in docs/findings. */
import type { Snapshot } from '../../kernel/types.ts';
import type { RuleDefinition } from '../../report/index.ts';
import { deletedFile } from './deleted-file.ts';
import { duplicates } from './duplicates.ts';
import { inherited } from './inherited.ts';
import { nearLimit } from './near-limit.ts';
import { noCloexec } from './no-cloexec.ts';
import { pastPeak } from './past-peak.ts';
import { staleTarget } from './stale-target.ts';

export const fdRules: readonly RuleDefinition<Snapshot>[] = [
  nearLimit, deletedFile, inherited, staleTarget, noCloexec, duplicates, pastPeak,
];
