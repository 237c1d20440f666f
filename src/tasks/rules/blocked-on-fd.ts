import { isKind } from '../../kernel/kinds/kind.ts';
import { pipe } from '../../kernel/kinds/pipe.ts';
import { socket } from '../../kernel/kinds/socket.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import { type Finding, fingerprint, lastEventRule, type Remedy } from '../../report/index.ts';
import { listOf } from '../../report/words.ts';
import { isStuck, waitersBehind } from '../stuck.ts';
import type { Task, TasksLook } from '../model.ts';
import { targetWords } from '../words.ts';
import { atLeast, endsOf, evidenceOf, groupsOf, threadsLabel } from './evidence.ts';

const ID = 'task/blocked-on-fd';

interface Why {
  key: string;
  /** `cannot write to`, `waits for a lock on`. */
  does: string;
  because: string;
  /** A client may be slow by right, and a lock may be taken in turns. */
  mild?: boolean;
  remedy: Remedy;
}

/** Threads that wait for a descriptor that somebody else should have emptied, unlocked or answered long ago. Who waits to read is idle, as far as anybody can tell. */
export const blockedOnFd = lastEventRule<TasksLook>(ID, 'tasks', (look): Finding[] => {
  const stuck = look.tasks.flatMap((task) => {
    const why = isStuck(task, look) ? whyOf(task, look) : undefined;
    return why ? [{ task, why }] : [];
  });
  const whys = new Map(stuck.map(({ task, why }) => [task, why]));
  return groupsOf(stuck.map(({ task }) => task), (task) => `${whys.get(task)!.key} ${task.fd} ${task.open?.link}`).map((tasks) => findingOf(tasks, whys.get(tasks[0]!)!, look));
});

function whyOf(task: Task, look: TasksLook): Why | undefined {
  const { wait, open, process } = task;
  if (isConnecting(task)) {
    return {
      key: 'connect', does: 'gets no answer to its connect on', because: 'the socket is in SYN_SENT: nothing has come back, not even a refusal',
      remedy: { text: 'a firewall that drops, a host that is down, or an accept queue that is full: knock yourself', command: `reloadctl fds ${process.pid} --list --where 'state=SYN_SENT'`, risk: 'none' },
    };
  }
  if (wait?.for === 'path' && task.wchan === 'wait_for_partner') {
    return {
      key: 'fifo', does: 'cannot open the FIFO', because: 'open() of a FIFO waits until somebody opens its other end, and nobody has',
      // A script that takes orders from a FIFO waits in just this way; the only thread of a server that should do more does not.
      mild: task.tid !== process.pid || (wait.reads === true && process.threads === 1),
      remedy: { text: 'start what shall be at the other end, or open it with O_NONBLOCK or O_RDWR', risk: 'none' },
    };
  }
  if (wait?.for !== 'descriptor' || !open) return undefined;
  if (wait.does === 'lock') return lockOf(task, look);
  if (wait.does !== 'write') return undefined;
  const isTcp = isKind(open, socket) && open.detail.row?.protocol !== 'unix';
  return {
    key: 'write', does: 'cannot write to', because: 'it was in the same write at each look: whoever should read does not',
    // Of many threads one may serve a client that is slow.
    mild: isTcp && process.threads > 1,
    remedy: isKind(open, pipe)
      ? { text: 'see who should read: it holds the other end, or nobody does', command: `reloadctl fds ${process.pid} --owners --list --where 'fd=${task.fd}'`, risk: 'none' }
      : { text: 'see what waits there, and who is at the other end', command: `reloadctl fds ${process.pid} --list --where 'fd=${task.fd}'`, risk: 'none' },
  };
}

/** connect() itself, or a poll for its end. */
function isConnecting({ wait, open }: Task): boolean {
  if (wait?.for !== 'any' && !(wait?.for === 'descriptor' && wait.does === 'connect')) return false;
  return open !== undefined && isKind(open, socket) && open.detail.row?.state === 'SYN_SENT';
}

function lockOf({ process }: Task, { awaited, tasks }: TasksLook): Why | undefined {
  const { holder, holderName } = awaited.find(({ waiter }) => waiter === process.pid) ?? {};
  const name = holderName === undefined ? 'which has ended: a child of it has the descriptor still' : decodeText(holderName).text;
  const who = holder === undefined || holder.pid <= 0 ? 'somebody' : `process ${holder.pid} (${name})`;
  // Workers of one service take turns at a lock to accept.
  const isTurn = holder !== undefined && tasks.some((task) => task.process.pid === holder.pid);
  return {
    key: 'lock', does: 'waits for a lock on', because: `${who} has the lock, and has not given it back while we looked`, mild: isTurn,
    remedy: holder === undefined || holder.pid <= 0
      ? { text: 'see who has it', command: 'lslocks', risk: 'none' }
      : { text: 'see what it does', command: holderName === undefined ? 'lslocks' : `reloadctl tasks ${holder.pid}`, risk: 'none' },
  };
}

function findingOf(tasks: readonly Task[], { key, does, because, mild = false, remedy }: Why, look: TasksLook): Finding {
  const [first] = tasks;
  const behind = [...new Set(tasks.flatMap((task) => waitersBehind(task, look.tasks)))];
  const others = behind.length === 0 ? '' : `; ${behind.length} more threads (${listOf(behind.map(({ tid }) => tid), 3)}) wait for a lock that it has`;
  return {
    id: ID,
    severity: mild && behind.length === 0 ? 'info' : 'warning',
    confidence: mild && behind.length === 0 ? 'hint' : 'likely',
    because,
    title: `${threadsLabel(tasks)} ${does} ${targetWords(first!, endsOf(look)) ?? first!.call} for ${atLeast(tasks)} or more${others}`,
    subject: subjectOf('task', key, first!.process),
    evidence: evidenceOf(tasks, look),
    remedy: [remedy],
    fingerprint: fingerprint(ID, key),
  };
}
