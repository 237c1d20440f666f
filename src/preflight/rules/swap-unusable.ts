import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint, lastEventRule, type Remedy } from '../../report/index.ts';
import { listOf, shellWord } from '../../report/words.ts';
import type { PreflightLook, Swap } from '../model.ts';

const ID = 'preflight/swap-unusable';
const text = (bytes: string): string => decodeText(bytes).text;

interface Why {
  what: string;
  because: string;
  remedy: Remedy;
}

/** What would lie in the place of the binary could not be started: the next start or reload fails, with nothing to go back to. */
export const swapUnusable = lastEventRule<PreflightLook>(ID, 'preflight', ({ process, swap }): Finding[] => {
  const why = swap && whyNot(swap);
  if (!why) return [];
  return [
    {
      id: ID,
      severity: 'critical',
      confidence: 'certain',
      because: why.because,
      title: `${shellWord(text(swap.file))} cannot take the place of what ${processLabel(process)} runs: ${why.what}`,
      subject: subjectOf('binary', 'swap', process),
      evidence: [
        { name: 'the new file', value: text(swap.found.path), source: `/proc/${process.pid}/root` },
        { name: 'what would be replaced', value: text(swap.target), source: `/proc/${process.pid}/exe` },
      ],
      remedy: [why.remedy],
      fingerprint: fingerprint(ID, why.because),
    },
  ];
});

function whyNot({ found, file, target, regular, executable, size, noexec, readOnly, writers }: Swap): Why | undefined {
  const name = shellWord(text(file));
  if (found.stat === undefined) {
    return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(found.errno ?? '') ? { what: `nothing is at ${text(found.path)}`, because: 'there is no such file for the process', remedy: { text: 'see where it is', command: `ls -l ${name}`, risk: 'none' } } : undefined;
  }
  if (!regular) return { what: 'it is no regular file', because: 'execve takes regular files only', remedy: { text: 'name the program file itself', command: `ls -ld ${name}`, risk: 'none' } };
  if (size === 0) return { what: 'it is empty', because: 'execve of an empty file is ENOEXEC: a copy that failed, a disk that is full', remedy: { text: 'copy it again', command: `df -h ${name}`, risk: 'none' } };
  if (!executable) return { what: 'nobody may execute it', because: 'no x bit is set: execve is EACCES, for root too', remedy: { text: 'set it', command: `chmod 755 ${name}`, risk: 'none' } };
  if (noexec || readOnly) return { what: `${text(target)} is on a file system that is mounted ${noexec ? 'noexec' : 'read-only'}`, because: noexec ? 'execve is EACCES there' : 'nothing can be renamed there (EROFS)', remedy: { text: 'see the mount', command: `findmnt -T ${shellWord(text(target))}`, risk: 'none' } };
  if (writers.length > 0) return { what: `it is open for writing (pid ${listOf(writers)})`, because: 'execve is ETXTBSY while anybody has it open for writing; it may not be whole either', remedy: { text: 'wait until it is written', command: `ls -l /proc/${writers[0]}/fd`, risk: 'none' } };
  return undefined;
}
