import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { count, listOf, plural } from '../../report/words.ts';
import type { InheritLook } from '../model.ts';

const ID = 'fd/inherited';
const SHOWN = 10;

/** Descriptors of the old generation that the new one holds, was not told of, and does not use. */
export const inherited = lastEventRule<InheritLook>(ID, 'inherit', ({ old, new: now, accidental }): Finding[] => {
  if (accidental.length === 0) return [];
  const listeners = accidental.filter(({ listening }) => listening);
  const proven = accidental.every((one) => one.proven);
  // A jobserver or a supervisor has pipes of its own in everything it starts.
  const harmless = accidental.every(({ fd }) => fd.kind === 'pipe' || fd.kind === 'device' || fd.kind === 'tty');
  const numbers = accidental.map(({ fd }) => fd.fd);
  return [
    {
      id: ID,
      severity: proven && !harmless ? 'warning' : 'info',
      confidence: proven ? 'likely' : 'hint',
      because: proven ? 'each is one open file description with one of the old generation, is not closed on exec, is not announced in the environment, and nothing waits for it at this moment' : 'each has the number and the name of one of the old generation; whether it is the same open file, or a thread polls for it, could not be told',
      title: `${processLabel(now)} holds ${plural('descriptor', accidental.length)} of ${processLabel(old)} that it was not told of${listeners.length > 0 ? `, ${count(listeners.length)} of them listening` : ''}: fd ${listOf(numbers)}`,
      subject: subjectOf('inherited', listeners.length > 0 ? 'listener' : 'file', now),
      evidence: accidental.slice(0, SHOWN).map(({ fd, target, old: origin }) => ({ name: `fd ${fd.fd}`, value: decodeText(target).text, source: `/proc/${origin.pid}/fd/${origin.fd}` })),
      remedy: [{ text: 'open it with O_CLOEXEC in the old generation (SOCK_CLOEXEC, "e" of fopen), or close it before exec: a listener held so keeps its port, a log its disk space, the end of a pipe keeps its reader from seeing the end', risk: 'restart' }],
      fingerprint: fingerprint(ID, `generation ${listeners.length > 0 ? 'listener' : 'file'}`),
    },
  ];
});
