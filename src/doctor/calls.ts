/** Which questions beyond plain reads are answered here, tried out on ourselves. */
import type { Answer, Evidence } from '../evidence/types.ts';
import { errnoWords, statusOf } from '../kernel/coverage.ts';
import { plural } from '../report/words.ts';
import type { Capability } from './capability.ts';

/** Standard descriptors: at least one of them is open in nearly every process. */
const TRIED = [0, 1, 2];
const KOFFI = 'npm install koffi   # beside reloadctl; it is an optional dependency';
/** The single file brings all it needs: only this turns native calls off. */
const ALLOW = 'unset RELOADCTL_NO_NATIVE';

/** Who asks. */
interface Asker {
  pid: number;
  bunVersion?: string | undefined;
}

export function callRows(evidence: Evidence, asker: Asker): Capability[] {
  return [sockDiagRow(evidence, asker), kcmpRow(evidence, asker), getfdRow(evidence, asker)];
}

function sockDiagRow(evidence: Evidence, asker: Asker): Capability {
  const answer = evidence.sockDiag('unix');
  const works = answer.value && `works: ${plural('unix socket', answer.value.length)} listed`;
  return rowOf('sock_diag', answer, works, asker, 'how long sockets are idle, and which processes talk over unix sockets');
}

function kcmpRow(evidence: Evidence, asker: Asker): Capability {
  const { pid } = asker;
  const answer = firstOpen((fd) => evidence.sameDescription(pid, fd, pid, fd));
  const works = answer.value === undefined ? undefined : 'works';
  return rowOf('kcmp', answer, works, asker, 'proof that two processes share an open file, or that an epoll watches a file that is gone');
}

function getfdRow(evidence: Evidence, asker: Asker): Capability {
  const answer = firstOpen((fd) => evidence.probeSocket(asker.pid, fd));
  // The copy was had, and only then seen to be no socket: that is all there was to try.
  const works = answer.value !== undefined || answer.errno === 'ENOTSOCK' ? 'works' : undefined;
  return rowOf('pidfd_getfd', answer, works, asker, 'what a socket is that no table lists');
}

function firstOpen<T>(ask: (fd: number) => Answer<T>): Answer<T> {
  let last: Answer<T> | undefined;
  for (const fd of TRIED) {
    last = ask(fd);
    if (last.errno !== 'EBADF') break;
  }
  return last!;
}

function rowOf(name: string, { errno }: Answer<unknown>, works: string | undefined, { bunVersion }: Asker, loses: string): Capability {
  if (works !== undefined) return { name, status: 'ok', detail: works };
  const fix =
    errno === 'ENOTSUP'
      ? bunVersion === undefined
        ? KOFFI
        : ALLOW
      : statusOf(errno) === 'denied'
        ? 'allow it in the seccomp profile of the container, or run it on the host'
        : undefined;
  return { name, status: statusOf(errno), detail: errnoWords(errno ?? 'EIO'), loses, ...(fix !== undefined && { fix }) };
}

/** `cat` and `stat` read for us what may never answer. */
export async function readersRow(evidence: Evidence, pid: number): Promise<Capability> {
  const name = 'cat and stat';
  const open = (evidence.list(`/proc/${pid}/fd`).value ?? []).slice(0, 1);
  const [read] = await evidence.readSlow([`/proc/${pid}/stat`]);
  const [stat] = await evidence.statSlow(`/proc/${pid}/fd`, open);
  const failed = [...(read?.value === undefined ? ['cat'] : []), ...(stat?.value === undefined ? ['stat'] : [])];
  if (failed.length === 0) return { name, status: 'ok', detail: 'found, they answer' };
  const errno = read?.errno ?? stat?.errno ?? 'ENOREADER';
  return {
    name,
    status: failed.length === 2 ? 'absent' : 'partial',
    detail: `${failed.join(' and ')}: ${errnoWords(errno)}`,
    loses: 'what an epoll or inotify holds, sizes of deleted files',
    fix: 'install coreutils or busybox in /usr/bin',
  };
}
