import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { duration, listOf, plural } from '../../report/words.ts';
import type { NodeLook, OrphanFd } from '../model.ts';
import { CLOSE_FILE } from './closing.ts';
import { lookRule } from './look-rule.ts';

const ID = 'node/orphan-fd';
/** So many from one line, or of one path, are no log file and no lock. */
const MANY = 16;
const MOST = 10;

/** Descriptors that JavaScript opened (or native code did) and that no handle of the loop stands for: nothing will close them. */
export const orphanFd = lookRule(ID, (look) => {
  const groups = new Map<string, OrphanFd[]>();
  for (const orphan of look.orphans) {
    if (!orphan.likely && orphan.site === undefined) continue;
    const key = orphan.site ?? orphan.target;
    groups.set(key, [...(groups.get(key) ?? []), orphan]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST).map(([key, orphans]) => findingOf(key, orphans, look));
});

function findingOf(key: string, orphans: readonly OrphanFd[], look: NodeLook): Finding {
  const [first] = orphans as [OrphanFd];
  // Files that a store holds open, and reads and writes, are no leak.
  const many = orphans.filter(({ pid, fd }) => look.again?.still.has(`${pid}:${fd}`)).length >= MANY;
  return {
    id: ID,
    severity: many ? 'warning' : 'info',
    confidence: 'hint',
    because: many ? `${orphans.length} of one origin, not used for ${duration(look.again?.afterMs ?? 0)}: a file that is meant to stay open is opened once` : 'a log, a lock or a database file is meant to stay open: one look cannot tell',
    title: `${processLabel(look.process)}: ${plural('descriptor', orphans.length)} without a handle: ${first.site === undefined ? first.target : `opened at ${first.site}`}`,
    subject: subjectOf('descriptor', key, look.process),
    evidence: [
      { name: 'descriptors', value: listOf(orphans.map(({ fd }) => fd)), source: `/proc/${first.pid}/fd` },
      { name: 'target', value: first.target, source: `/proc/${first.pid}/fd/${first.fd}` },
      ...(first.ageMs === undefined ? [] : [{ name: 'age', value: duration(first.ageMs), source: 'reloadctl/register' }]),
    ],
    remedy: [
      { text: CLOSE_FILE, risk: 'none' },
      ...(look.sites ? [] : [{ text: 'see the line that opened it: start the process with node --import reloadctl/register', risk: 'restart' as const }]),
    ],
    fingerprint: fingerprint(ID, key),
  };
}
