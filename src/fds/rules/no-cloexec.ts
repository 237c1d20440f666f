import { LAST_STANDARD_FD } from '../../kernel/inheritance.ts';
import { isKind } from '../../kernel/kinds/kind.ts';
import { socket } from '../../kernel/kinds/socket.ts';
import { O_CLOEXEC } from '../../kernel/proc/fdinfo.ts';
import { processesLabel } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import type { Fd, FdTable, Process } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { plural } from '../../report/words.ts';

const ID = 'fd/no-cloexec';
const MANY = 10;

interface Open {
  process: Process;
  total: number;
  /** Not asked, or without an answer: there may be more. */
  unknown: number;
  listeners: number;
}

/** Descriptors that any program started by this one would get. Harmless until it starts one: fd/inherited tells of those that did. */
export const noCloexec = snapshotRule(ID, ({ tables }) => {
  const open = tables.map(openAcrossExec).filter(({ total, listeners }) => listeners > 0 || total >= MANY);
  open.sort((a, b) => b.listeners - a.listeners || b.total - a.total);
  return open.length === 0 ? [] : [findingOf(open)];
});

function openAcrossExec({ process, fds, plain }: FdTable): Open {
  const unknown = plain ? plain.size - plain.below(LAST_STANDARD_FD + 1) : 0;
  const open: Open = { process, total: 0, unknown, listeners: 0 };
  for (const fd of fds) {
    if (fd.fd <= LAST_STANDARD_FD) continue;
    if (!fd.info) open.unknown++;
    else if ((fd.info.flags & O_CLOEXEC) === 0) {
      open.total++;
      if (isListener(fd)) open.listeners++;
    }
  }
  return open;
}

function isListener(fd: Fd): boolean {
  return isKind(fd, socket) && fd.detail.row?.state === 'LISTEN';
}

function findingOf(open: readonly Open[]): Finding {
  const { process, total, unknown, listeners } = open[0]!;
  const who = processesLabel(open.map((entry) => entry.process));
  const among = listeners > 0 ? `, ${plural('listener', listeners)} among them,` : '';
  return {
    id: ID,
    severity: 'info',
    confidence: 'certain',
    because: 'the close-on-exec flag is read from the kernel; that a program is ever started is not known',
    title: `${unknown > 0 ? 'at least ' : ''}${plural('descriptor', total)} of ${who}${among} would be kept by any program it starts`,
    subject: subjectOf('process', 'descriptors without close-on-exec', process),
    evidence: [
      { name: 'open across exec', value: total, source: `/proc/${process.pid}/fdinfo` },
      { name: 'listeners among them', value: listeners, source: `/proc/${process.pid}/fdinfo` },
      ...(unknown > 0 ? [{ name: 'not asked for their flags', value: unknown, source: `/proc/${process.pid}/fdinfo` }] : []),
    ],
    remedy: [
      {
        text: 'open with O_CLOEXEC or SOCK_CLOEXEC, or set FD_CLOEXEC (fcntl), unless the program starts its own successor with them',
        risk: 'restart',
      },
    ],
    fingerprint: fingerprint(ID, 'process'),
  };
}
