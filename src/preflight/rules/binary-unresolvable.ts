import { decodeText } from '../../kernel/text.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type EvidenceItem, type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { shellWord } from '../../report/words.ts';
import type { Binary, PreflightLook } from '../model.ts';

const ID = 'preflight/binary-unresolvable';
const text = (bytes: string): string => decodeText(bytes).text;

/** The program file of the next generation is not where this one would look for it. */
export const binaryUnresolvable = lastEventRule<PreflightLook>(ID, 'preflight', (look): Finding[] => {
  const { process, binary, program, effect, delivery } = look;
  if (binary.argument === undefined || isFine(binary) || isUnknown(binary)) return [];
  const isCertain = effect === 'exec';
  // By convention USR2 starts a new binary. What others do with it is not known.
  const isLikely = effect === undefined && !program && delivery?.name === 'USR2';
  if (!isCertain && !isLikely) return [];
  const elsewhere = binary.by === 'cwd' && binary.inPath !== undefined;
  const name = text(binary.argument);
  return [
    {
      id: ID,
      severity: isCertain ? 'critical' : elsewhere ? 'info' : 'warning',
      confidence: isCertain ? 'certain' : elsewhere ? 'hint' : 'likely',
      because: isCertain ? howKnown(look) : elsewhere ? 'a program that looks its own name up in PATH would find it; one that hands it to execve would not' : 'whether this program starts its argv[0] anew is not known; if it does, this is what it finds',
      title: `${processLabel(process)} would start ${shellWord(name)}: ${whatIsWrong(binary)}`,
      subject: subjectOf('binary', 'argv[0]', process),
      evidence: evidenceOf(look),
      remedy: [
        ...(binary.exe === undefined || binary.exe.endsWith(' (deleted)') ? [] : [{ text: 'start it by its whole path, then it can upgrade itself', command: shellWord(text(binary.exe)), risk: 'restart' as const }]),
        { text: 'do not send QUIT or TERM to the old one before a new one is there: the classic upgrade script ends the only one that serves', risk: 'none' },
      ],
      fingerprint: fingerprint(ID, binary.by),
    },
  ];
});

function isFine({ found, executable }: Binary): boolean {
  return found?.stat !== undefined && executable === true;
}

/** Not permitted to look is no answer. */
function isUnknown({ found, cwd, by }: Binary): boolean {
  if (by === 'cwd' && cwd === undefined) return true;
  return found?.errno !== undefined && !['ENOENT', 'ENOTDIR', 'ELOOP'].includes(found.errno);
}

function howKnown({ program, binary }: PreflightLook): string {
  if (binary.by === 'cwd') return `${program!.name} hands argv[0] to execve, which looks into the working directory and not into PATH`;
  return `${program!.name} starts the file that argv[0] names`;
}

function whatIsWrong({ by, found, cwd }: Binary): string {
  if (found?.stat) return `${text(found.path)} is not an executable file`;
  if (by === 'search') return 'it is in no directory of its PATH';
  if (cwd?.endsWith(' (deleted)')) return 'its working directory was removed';
  return by === 'cwd' ? `no such file in its working directory ${text(cwd ?? '')}` : `there is no ${text(found?.path ?? '')}`;
}

function evidenceOf({ process: { pid }, binary }: PreflightLook): EvidenceItem[] {
  return [
    { name: 'argv[0]', value: text(binary.argument!), source: `/proc/${pid}/cmdline` },
    ...(binary.cwd === undefined ? [] : [{ name: 'working directory', value: text(binary.cwd), source: `/proc/${pid}/cwd` }]),
    ...(binary.exe === undefined ? [] : [{ name: 'runs', value: text(binary.exe), source: `/proc/${pid}/exe` }]),
    ...(binary.inPath === undefined ? [] : [{ name: 'PATH would find', value: text(binary.inPath), source: `/proc/${pid}/environ` }]),
  ];
}
