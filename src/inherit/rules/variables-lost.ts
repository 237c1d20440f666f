import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { listOf, plural } from '../../report/words.ts';
import type { InheritLook } from '../model.ts';

const ID = 'reload/variables-lost';
const SHOWN = 10;

/** Variables that the old generation was started with. A release may well need fewer: never more than a note. */
export const variablesLost = lastEventRule<InheritLook>(ID, 'inherit', ({ old, new: now, lostVariables }): Finding[] => {
  const names = lostVariables.map((name) => decodeText(name).text);
  if (names.length === 0) return [];
  return [
    {
      id: ID,
      severity: 'info',
      confidence: 'certain',
      because: 'the environment of both is as execve laid it down',
      title: `${processLabel(now)} was started without ${plural('variable', names.length)} that ${processLabel(old)} was started with: ${listOf(names, 4)}`,
      subject: subjectOf('context', 'environment', now),
      evidence: names.slice(0, SHOWN).map((name) => ({ name: `variable ${name}`, value: 'set -> not set', source: `/proc/${now.pid}/environ` })),
      remedy: [{ text: 'where the service needs them: in the unit (Environment=, EnvironmentFile=), not in a profile of a shell; or let the old generation start the new one', risk: 'restart' }],
      fingerprint: fingerprint(ID, names.join(' ')),
    },
  ];
});
