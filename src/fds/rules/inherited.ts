import { kindOf } from '../../kernel/kinds/index.ts';
import { isKind } from '../../kernel/kinds/kind.ts';
import { endpoint, socket } from '../../kernel/kinds/socket.ts';
import { processLabel, programKey } from '../../kernel/services.ts';
import { shapeOf } from '../../kernel/shape.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Fd, Process, Snapshot } from '../../kernel/types.ts';
import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import { type Inherited, inheritedPairs } from './inherited-pairs.ts';

const ID = 'fd/inherited';
const shells = new Set(['sh', 'ash', 'bash', 'dash', 'zsh', 'ksh', 'mksh', 'fish', 'busybox']);

type Thing = 'listener' | 'connection' | 'socket' | 'file';

/** Another program holds what it did not ask for: a listener, a connection or a file that was open across an exec. */
export const inherited = snapshotRule(ID, (snapshot) => {
  const targets = new Set(snapshot.tables.map((table) => table.process.pid));
  const groups = new Map<string, Inherited[]>();
  for (const pair of inheritedPairs(snapshot)) {
    const key = JSON.stringify([programKey(pair.owner), programKey(pair.holder), pair.family, ...structureOf(pair)]);
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  return [...groups.values()].map((pairs) => findingOf(snapshot, pairs, targets)).sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
});

function thingOf({ fd }: Inherited): Thing {
  if (!isKind(fd, socket)) return 'file';
  const { row } = fd.detail;
  if (row?.state === 'LISTEN') return 'listener';
  return row?.protocol.startsWith('tcp') ? 'connection' : 'socket';
}

/** What the fault is of, without a name, address or number. */
function structureOf(pair: Inherited): [Thing, string] {
  const { fd } = pair;
  if (!isKind(fd, socket)) return ['file', shapeOf(fd.link)];
  return [thingOf(pair), fd.detail.row?.protocol.replace(/6$/, '') ?? 'unlisted'];
}

function describe({ fd }: Inherited): string {
  if (!isKind(fd, socket)) return `file ${decodeText(fd.link).text} (fd ${fd.fd})`;
  const { row } = fd.detail;
  if (row?.state !== 'LISTEN') return `${kindOf(fd).describe(fd)} (fd ${fd.fd})`;
  const where = endpoint(row.localAddress, row.localPort) ?? decodeText(row.path ?? '(unnamed)').text;
  return `listener ${row.protocol} ${where} (fd ${fd.fd})`;
}

function findingOf(snapshot: Snapshot, pairs: readonly Inherited[], targets: ReadonlySet<number>): Finding {
  const first = pairs[0]!;
  const { owner, holder, fd, proof } = first;
  const thing = thingOf(first);
  const things = new Set(pairs.map((pair) => `${pair.fd.link} ${pair.fd.fd}`)).size;
  const holders = [...new Map(pairs.map((pair) => [pair.holder.pid, pair.holder])).values()];
  const what = things === 1 ? describe(first) : `${describe(first)} and ${count(things - 1)} more`;
  const others = holders.length === 1 ? '' : ` and ${plural('process', holders.length - 1, 'processes')} more of it`;
  const who = processLabel(holder) + others;
  const it = things === 1 ? 'it' : 'them';
  const targetOwns = targets.has(owner.pid);
  const judged = judge(first, thing, snapshot.intendedFds.has(holder.pid));
  const held = `fd ${fd.fd} ${decodeText(fd.link).text}`;
  const other = fd.pid === owner.pid ? holder.pid : owner.pid;
  return {
    id: ID,
    ...judged,
    title: targetOwns
      ? `${what} ${things === 1 ? 'is' : 'are'} also held by ${who}, which got ${it} at exec`
      : `${who} got ${what} from ${processLabel(owner)} at exec, and keeps ${it} open`,
    subject: subjectOf('descriptor', `inherited ${thing}`, targetOwns ? owner : holder),
    evidence: [
      { name: 'held by the target', value: held, source: `/proc/${fd.pid}/fdinfo/${fd.fd}` },
      { name: 'held by the other program', value: held, source: `/proc/${other}/${first.family ? 'fdinfo' : 'fd'}/${fd.fd}` },
      { name: 'same open file', value: proofWords[proof], source: proof === 'kcmp' ? 'kcmp' : `/proc/${fd.pid}/fd/${fd.fd}` },
      { name: 'descriptors', value: things, source: `/proc/${fd.pid}/fdinfo` },
      { name: 'other processes', value: holders.length, source: `/proc/${first.holder.pid}/fd` },
    ],
    remedy: remediesOf(thing, holders, targetOwns, snapshot),
    fingerprint: fingerprint(ID, targetOwns ? 'kept by another' : 'got from parent', ...structureOf(first)),
  };
}

const proofWords: Record<Inherited['proof'], string> = {
  kcmp: 'one open file description (kcmp)',
  inode: 'one socket inode',
  position: 'same file, position and flags',
};

function judge({ owner, fd, proof, family, doubt }: Inherited, thing: Thing, asked: boolean): Pick<Finding, 'severity' | 'confidence' | 'because'> {
  if (thing === 'file' && isShell(owner)) {
    return { severity: 'info', confidence: 'hint', because: 'a shell passes its redirections on to what it starts, and usually means it' };
  }
  if (thing === 'file' && isLocked(fd)) {
    const because = 'the file is locked (flock), and a lock is often passed on so that it lasts as long as what was started';
    return { severity: 'info', confidence: 'hint', because };
  }
  if (thing === 'socket') {
    const because = 'both hold one socket under one number, without close-on-exec; one end of a pair is often handed over so on purpose';
    return { severity: 'info', confidence: 'likely', because };
  }
  if (!family) {
    const because = 'two different programs hold one socket under one number; whether the other one uses it could not be seen';
    return { severity: 'warning', confidence: 'likely', because };
  }
  const unannounced = asked ? '; its environment does not announce it' : '';
  const unasked = thing === 'file' ? unannounced : `${unannounced}; ${useWords[doubt ?? 'none']}`;
  if (proof === 'position') {
    const because = `same file, position and flags under one number, without close-on-exec${unasked}`;
    return { severity: 'warning', confidence: 'likely', because };
  }
  const because = `one open file under one number in two programs, without close-on-exec in either${unasked}`;
  return { severity: 'warning', confidence: thing === 'file' || doubt === undefined ? 'certain' : 'likely', because };
}

const useWords: Record<NonNullable<Inherited['doubt']> | 'none', string> = {
  none: 'it neither polls nor serves it, and none of its threads waits for it',
  polls: 'no epoll instance of it has it, but a thread waits in poll() or select(), and for what is not known',
  unread: 'it was not seen to poll or serve it, but what all of its threads wait for could not be read',
};

/** fs/locks.c show_fd_locks: the locks that this very open file holds. Others end with their process, not with the last descriptor. */
function isLocked({ info }: Fd): boolean {
  return /^lock:.*\bFLOCK\b/m.test(info?.rest ?? '');
}

function isShell(process: Process): boolean {
  const exe = process.exe?.slice(process.exe.lastIndexOf('/') + 1);
  return shells.has(exe ?? '') || shells.has(process.comm);
}

const consequences: Record<Thing, string> = {
  listener: 'while it lives, a restart fails with EADDRINUSE, or connects are taken that nobody answers',
  connection: 'while it lives, closing here sends no end of stream, and the peer waits',
  socket: 'while it lives, closing here does not close the socket',
  file: 'while it lives, the space of a deleted or rotated file stays taken, and a lock stays held',
};

function remediesOf(thing: Thing, holders: readonly Process[], targetOwns: boolean, snapshot: Snapshot): Remedy[] {
  const flag = thing === 'file' ? 'O_CLOEXEC (open) or FD_CLOEXEC (fcntl)' : 'SOCK_CLOEXEC (socket, accept4) or FD_CLOEXEC (fcntl)';
  const where = targetOwns ? `in ${snapshot.label}` : 'in the parent';
  return [
    {
      text: `${consequences[thing]}; end or restart the program that got it`,
      ...(targetOwns && holders.length === 1 && { command: `ps -o pid,ppid,lstart,args -p ${holders[0]!.pid}` }),
      risk: 'restart',
    },
    { text: `for good: open it with ${flag} ${where}, so that no exec takes it along`, risk: 'restart' },
  ];
}
