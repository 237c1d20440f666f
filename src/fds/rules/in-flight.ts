import { fdsOf } from '../../kernel/fd-index.ts';
import { kindOf } from '../../kernel/kinds/index.ts';
import { socket, type SocketDetail } from '../../kernel/kinds/socket.ts';
import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import { LONG_LOOK_MS, type Fd, type FdTable, type Process, type Snapshot } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';

const ID = 'fd/in-flight';
const MANY = 16;

interface Waiting {
  process: Process;
  fd: Fd<SocketDetail>;
  /** In flight at the first look, and of these at the second, where there was one. */
  first: number;
  again: number;
}

/** Descriptors that were sent through unix sockets and never received: they are open, and in no table of any process. */
export const inFlight = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap(({ tables }) => {
    const waiting = waitingIn(tables, snapshot).sort((a, b) => b.again - a.again || b.first - a.first);
    return waiting.length === 0 ? [] : [findingOf(waiting, snapshot)];
  }),
);

/** A socket is counted once, however many processes and numbers hold it. */
function waitingIn(tables: readonly FdTable[], { secondLook }: Snapshot): Waiting[] {
  const seen = new Map<string, Waiting>();
  for (const { process, fds } of tables) {
    for (const fd of fdsOf(fds, socket)) {
      if (!fd.detail.inFlight || seen.has(fd.detail.inode)) continue;
      seen.set(fd.detail.inode, { process, fd, first: fd.detail.inFlight, again: secondLook?.inFlight?.get(fd.detail.inode) ?? 0 });
    }
  }
  return [...seen.values()];
}

function findingOf(waiting: readonly Waiting[], { secondLook }: Snapshot): Finding {
  const { process, fd, first } = waiting[0]!;
  const total = waiting.reduce((sum, one) => sum + one.first, 0);
  const stayed = waiting.reduce((sum, one) => sum + one.again, 0);
  const afterMs = secondLook?.inFlight ? secondLook.afterMs : 0;
  const long = afterMs >= LONG_LOOK_MS && stayed > 0;
  const who = processesLabel([...new Set(waiting.map((one) => one.process))]);
  const source = `/proc/${process.pid}/fdinfo/${fd.fd}`;
  return {
    id: ID,
    severity: long && stayed >= MANY ? 'warning' : 'info',
    confidence: long ? 'likely' : 'hint',
    because: long
      ? `${count(stayed)} of them were still not received ${duration(afterMs)} later`
      : 'seen at one moment only: a program that works receives them in the next',
    title: `${plural('descriptor', total)} sent to ${who} ${total === 1 ? 'was' : 'were'} not received: open, and in no descriptor table`,
    subject: subjectOf('socket', 'unix descriptors in flight', process),
    evidence: [
      { name: 'descriptors in flight (scm_fds)', value: total, source },
      ...(afterMs > 0
        ? [
            { name: 'still there', value: stayed, source },
            { name: 'seen again after', value: afterMs, unit: 'ms', source },
          ]
        : []),
      { name: 'sockets they wait in', value: waiting.length, source: `/proc/${process.pid}/fdinfo` },
      { name: `most in one, fd ${fd.fd}`, value: first, source },
    ],
    remedy: [
      {
        text: `receive them with recvmsg(), or close the socket, which closes them all: ${kindOf(fd).describe(fd)}`,
        risk: 'restart',
      },
      {
        text: 'they count against the limit of the user who sent them: past it, sendmsg() fails with ETOOMANYREFS for all of his programs',
        command: `reloadctl fds ${process.pid} --list --where 'fdsInFlight>0'`,
        risk: 'none',
      },
    ],
    fingerprint: fingerprint(ID, 'unix'),
  };
}
