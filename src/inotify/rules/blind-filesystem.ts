import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import { type Blindness, blindnessOf } from '../filesystems.ts';
import type { Instance, Watch } from '../instances/model.ts';
import { lookRule } from '../look-rule.ts';
import type { ProbeLook } from '../probe/model.ts';
import { unshared } from './queue.ts';

const ID = 'inotify/blind-filesystem';

/** Watches on file systems that do not tell of every change. */
export const blindFilesystem = lookRule(
  ID,
  ({ instances }) =>
    unshared(instances).flatMap((instance) => [...byType(instance.watches ?? [])].map(([fsType, [blindness, watches]]) => findingOf(instance, fsType, blindness, watches))),
  probed,
);

/** A probe that came to the conclusion to poll. */
function probed({ directory, fsType = 'this file system', behind, behindPath, conclusion, because, cells }: ProbeLook): Finding[] {
  const missed = behind.filter(({ events, visible }) => visible && events.length === 0);
  if (conclusion !== 'poll' && missed.length === 0) return [];
  const isSilent = cells.length > 0 && cells.every(({ events }) => events.length === 0);
  const isProven = missed.length > 0 || isSilent;
  return [
    {
      id: ID,
      // Layers of an overlay are not to be changed while it is mounted: nobody should miss what nobody may do.
      severity: conclusion === 'poll' ? 'warning' : 'info',
      confidence: isProven ? 'certain' : 'hint',
      because: isProven ? 'it was tried: the change could be read, and no event came' : because,
      title: isSilent
        ? `no change in ${directory} (${fsType}) is told to inotify`
        : `changes made behind ${fsType} are not told to a watch in ${directory}${missed.length > 0 ? `: ${missed.length} of ${behind.length} tried were missed` : ''}`,
      subject: { kind: 'directory', key: `directory on ${fsType}` },
      evidence: [
        { name: 'type of the file system', value: fsType, source: '/proc/self/mountinfo' },
        ...missed.map(({ pattern, watch }) => ({ name: `${pattern}, watch on ${watch}`, value: 'not delivered', source: behindPath ?? directory })),
      ],
      remedy: [{ text: 'poll there (chokidar: usePolling; webpack: watchOptions.poll), or make all changes on this side of the mount', risk: 'restart' }],
      fingerprint: fingerprint(ID, 'probe', fsType),
    },
  ];
}

function byType(watches: readonly Watch[]): Map<string, [Blindness, Watch[]]> {
  const found = new Map<string, [Blindness, Watch[]]>();
  for (const watch of watches) {
    const blindness = watch.fsType === undefined ? undefined : blindnessOf(watch.fsType);
    if (!blindness) continue;
    const known = found.get(watch.fsType!);
    if (known) known[1].push(watch);
    else found.set(watch.fsType!, [blindness, [watch]]);
  }
  return found;
}

function findingOf({ process, fd }: Instance, fsType: string, { why, madeByKernel = false }: Blindness, watches: readonly Watch[]): Finding {
  const example = watches.find(({ path }) => path !== undefined)?.path;
  const where = example === undefined ? '' : `, like ${decodeText(example).text}`;
  return {
    id: ID,
    // Whether anybody makes changes that are not told only a probe can prove.
    severity: madeByKernel ? 'warning' : 'info',
    confidence: madeByKernel ? 'likely' : 'hint',
    because: madeByKernel ? why : `${why}; whether anybody makes such changes here is not known`,
    title: `${plural('watch', watches.length, 'watches')} of ${processLabel(process)} ${watches.length === 1 ? 'is' : 'are'} on ${fsType}${where}, where ${madeByKernel ? 'what the kernel changes is not' : 'not every change is'} told`,
    subject: subjectOf('inotify', `watch on ${fsType}`, process),
    evidence: [
      { name: `watches on ${fsType} in fd ${fd}`, value: watches.length, source: `/proc/${process.pid}/fdinfo/${fd}` },
      { name: 'type of the file system', value: fsType, source: `/proc/${process.pid}/mountinfo` },
    ],
    remedy: [
      { text: 'let the program poll there (chokidar: usePolling; tsc: fallbackPolling; webpack: watchOptions.poll), or tell it of changes by its reload signal', risk: 'restart' },
      { text: 'see which changes are told there', command: 'reloadctl inotify-probe DIRECTORY', risk: 'none' },
    ],
    fingerprint: fingerprint(ID, fsType),
  };
}
