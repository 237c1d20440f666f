import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { shellWord } from '../../report/words.ts';
import type { PreflightLook } from '../model.ts';
import { swapCommand } from '../swap-command.ts';

const ID = 'preflight/swap-not-atomic';
const text = (bytes: string): string => decodeText(bytes).text;

/** rename(2) works within one mount only: `mv` from another one removes the old file, then copies, and somebody may start what is there meanwhile. */
export const swapNotAtomic = lastEventRule<PreflightLook>(ID, 'preflight', ({ process, swap }): Finding[] => {
  if (!swap?.found.stat || swap.sameFilesystem !== false) return [];
  const { file, target, mounts } = swap;
  return [
    {
      id: ID,
      severity: 'warning',
      confidence: 'certain',
      because: 'rename(2) between two mounts fails with EXDEV, and mv copies instead',
      title: `mv of ${shellWord(text(file))} over ${shellWord(text(target))}, which ${processLabel(process)} runs, is a copy and no rename: they are on two file systems`,
      subject: subjectOf('binary', 'swap', process),
      evidence: mounts ? [{ name: 'the new file is on', value: text(mounts.from), source: `/proc/${process.pid}/mountinfo` }, { name: 'what would be replaced is on', value: text(mounts.to), source: `/proc/${process.pid}/mountinfo` }] : [],
      remedy: [
        { text: 'what happens meanwhile: there is no file, or half of one, at that name; a start in this time fails with ENOENT, ETXTBSY or ENOEXEC', risk: 'none' },
        { text: 'copy it beside the old one, write it to disk, and rename there: one step', command: swapCommand(swap), risk: 'live' },
      ],
      fingerprint: fingerprint(ID, 'mounts'),
    },
  ];
});
