/** Both generations, of one world or of two: the old one may come from a tape made before the reload. */
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { compare } from './compare.ts';
import { type Asking, readGeneration } from './generation.ts';
import type { InheritLook } from './model.ts';

export interface Side {
  evidence: Evidence;
  pid: number;
}

/** Null when one of them is not there: the coverage says which. */
export async function collectInherit(old: Side, now: Side, asking: Asking): Promise<{ look: InheritLook | null; coverage: CoverageLog }> {
  const coverage = new CoverageLog();
  const before = await readGeneration(old.evidence, old.pid, 'old', asking, coverage);
  const after = await readGeneration(now.evidence, now.pid, 'new', asking, coverage);
  if (!before || !after) return { look: null, coverage };
  const isOneWorld = old.evidence === now.evidence;
  const look = compare(before, after, (a, b) => {
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
export async function recordGenerations(evidence: Evidence, pids: readonly number[], asking: Asking): Promise<void> {
  const [first, second, third] = pids;
  if (first !== undefined && second !== undefined && third === undefined) {
    await collectInherit({ evidence, pid: first }, { evidence, pid: second }, asking);
    return;
  }
  for (const pid of pids) await readGeneration(evidence, pid, '', asking, new CoverageLog());
}
