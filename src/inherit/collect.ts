/** Both generations, of one world or of two: the old one may come from a tape made before the reload. */
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { plural } from '../report/words.ts';
import { compare } from './compare.ts';
import { answerAll, askGeneration } from './generation.ts';
import type { Generation, InheritLook } from './model.ts';
import { Networks } from './networks.ts';
import { type Asking, linksInBoth, openGeneration } from './table.ts';

export interface Side {
  evidence: Evidence;
  pid: number;
  /** Its names are pseudonyms. */
  pseudonyms?: boolean;
  /** Where it was looked for: so many processes may not be read, and one of them may be the one that is meant. */
  unread?: number;
}

/** Null when one of them is not there: the coverage says which. */
export async function collectInherit(old: Side, now: Side, asking: Asking): Promise<{ look: InheritLook | null; coverage: CoverageLog }> {
  const coverage = new CoverageLog();
  const first = await openGeneration(old.evidence, old.pid, 'old', asking, coverage);
  const second = await openGeneration(now.evidence, now.pid, 'new', asking, coverage);
  if (!first || !second) return { look: null, coverage };
  const shared = linksInBoth(first.raw.links, second.raw.links);
  const networks = new Networks(!asking.everything);
  const [before, after] = (await answerAll([await askGeneration(first, networks, shared), await askGeneration(second, networks, shared)])) as [Generation, Generation];
  if (old.unread !== undefined) {
    const detail = `the descriptors of ${plural('process', old.unread, 'processes')} may not be read: there may be other generations`;
    coverage.note({ source: 'holders of listeners', status: 'partial', detail, ...(!asking.isRoot && { fix: `sudo ${asking.rerun}` }), needed: !asking.isRoot });
  }
  const isOneWorld = old.evidence === now.evidence;
  const { pseudonyms = false } = old;
  if (pseudonyms) {
    const detail = 'names on this tape are pseudonyms: directories, cgroups, arguments, files and values of the environment were not compared, addresses of listeners by their ports only';
    coverage.note({ source: 'names', status: 'partial', detail, fix: 'before the reload: reloadctl record PID --full -o gen.rctl', needed: false });
  }
  const look = compare(before, after, { pseudonyms, isOneWorld }, (a, b) => {
    if (!isOneWorld) return undefined;
    const { value, errno } = now.evidence.sameDescription(a.pid, a.fd, b.pid, b.fd);
    if (errno !== undefined && errno !== 'EBADF' && errno !== 'ESRCH') {
      coverage.note({ source: 'shared open files (kcmp)', status: statusOf(errno), detail: `${errnoWords(errno)}: a file of the same number and name is taken to be shared`, needed: false });
    }
    return value;
  });
  return { look, coverage };
}

/** For `record`: each as a generation, and of two how they compare. What could not be read is told when the tape is compared. */
export async function recordGenerations(evidence: Evidence, pids: readonly number[], options: Asking): Promise<void> {
  const asking: Asking = { ...options, everything: true };
  const [first, second, third] = pids;
  if (first !== undefined && second !== undefined && third === undefined) {
    await collectInherit({ evidence, pid: first }, { evidence, pid: second }, asking);
    return;
  }
  for (const pid of pids) {
    const opened = await openGeneration(evidence, pid, '', asking, new CoverageLog());
    if (opened) await answerAll([await askGeneration(opened, new Networks(false), new Set())]);
  }
}
