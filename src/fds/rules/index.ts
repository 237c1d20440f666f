/** The rules about descriptor tables: a new one is one file, one line here, one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import type { Observation } from '../../series/index.ts';
import { deletedFile } from './deleted-file.ts';
import { duplicates } from './duplicates.ts';
import { growth } from './growth.ts';
import { inFlight } from './in-flight.ts';
import { inherited } from './inherited.ts';
import { nearLimit } from './near-limit.ts';
import { noCloexec } from './no-cloexec.ts';
import { pastPeak } from './past-peak.ts';
import { residue } from './residue.ts';
import { staleTarget } from './stale-target.ts';
import { unsharedTable } from './unshared-table.ts';

export const fdRules: readonly RuleDefinition<Observation>[] = [
  nearLimit, growth, residue, deletedFile, inherited, staleTarget, inFlight, unsharedTable, noCloexec, duplicates, pastPeak,
];
