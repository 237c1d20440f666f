import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import type { InheritLook } from '../model.ts';

const ID = 'reload/binary-replaced';

/** The file that runs is another one than before; or still the old one, while another lies in its place. */
export const binaryReplaced = lastEventRule<InheritLook>(ID, 'inherit', ({ old, new: now, exe }): Finding[] => {
  const stale = exe.same === true && exe.newIsDeleted;
  if (!stale && exe.same !== false && !exe.inodeUsedAgain) return [];
  const unsure = exe.same === null;
  return [
    {
      id: ID,
      severity: stale ? 'warning' : 'info',
      confidence: unsure ? 'likely' : 'certain',
      because: stale ? 'both run one file, and its name is gone or another file has it' : exe.inodeUsedAgain ? `device and inode are equal, as inode numbers are used again at once; ${unsure ? 'the file was changed in between (ctime)' : 'its size is another one'}` : 'device and inode of the files that they run differ',
      title: stale ? `the new generation ${processLabel(now)} runs the binary that was replaced, as the old one does` : `${processLabel(now)} ${unsure ? 'seems to run' : 'runs'} another file than ${processLabel(old)}`,
      subject: subjectOf('binary', 'exe', now),
      evidence: [
        { name: 'the old one runs', value: text(exe.old), source: `/proc/${old.pid}/exe` },
        { name: 'the new one runs', value: text(exe.new), source: `/proc/${now.pid}/exe` },
      ],
      remedy: stale ? [{ text: 'a fork, or a program that starts /proc/self/exe, stays with the old file: start it anew', risk: 'restart' }] : [],
      fingerprint: fingerprint(ID, stale ? 'stale' : 'replaced'),
    },
  ];
});

function text(bytes: string | undefined): string {
  return bytes === undefined ? 'not readable' : decodeText(bytes).text;
}
