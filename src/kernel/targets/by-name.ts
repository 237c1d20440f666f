import type { ByteString, Evidence } from '../../evidence/types.ts';
import { ProcessTree } from '../process-tree.ts';
import { parseStat } from '../proc/stat.ts';
import { parseStatus } from '../proc/status.ts';
import { decodeText, encodeText } from '../text.ts';
import { UserError } from '../user-error.ts';
import { pidsToSearch, notFound } from './search.ts';
import type { ResolvedTarget } from './types.ts';

/** TASK_COMM_LEN - 1: a longer name is cut by the kernel. */
const COMM_LENGTH = 15;
const MOST_CANDIDATES = 20;

/**
 * Processes called so, by comm or by the file name of the executable. Several are one service when all hang below one of
 * them, or below one parent that is not the init process and run one executable; else the name is ambiguous.
 */
export function byName(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const wanted = encodeText(spec);
  const pids = pidsToSearch(evidence).filter((pid) => pid !== process.pid && isCalled(evidence, pid, wanted));
  if (pids.length === 0) {
    throw notFound(evidence, { spec, command }, `no process is called ${spec}`, [
      `names are matched whole, against comm and the executable's file name; reloadctl fds --top lists all processes`,
    ]);
  }
  const tree = new ProcessTree(evidence);
  const roots = tree.roots(pids);
  if (roots.length > 1 && !areOneService(evidence, tree, roots)) throw ambiguous(evidence, spec, command, roots, tree);
  return { spec, name: spec, pids };
}

function isCalled(evidence: Evidence, pid: number, wanted: ByteString): boolean {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  if (!stat || stat.state === 'Z' || stat.kernelThread) return false;
  if (stat.comm === wanted || (wanted.length > COMM_LENGTH && stat.comm === wanted.slice(0, COMM_LENGTH))) return true;
  const exe = evidence.readlink(`/proc/${pid}/exe`).value?.replace(/ \(deleted\)$/, '');
  return exe !== undefined && exe.slice(exe.lastIndexOf('/') + 1) === wanted;
}

function areOneService(evidence: Evidence, tree: ProcessTree, roots: readonly number[]): boolean {
  const parents = new Set(roots.map((pid) => tree.parents.get(pid)));
  const [parent] = parents;
  if (parents.size !== 1 || parent === undefined || parent <= 1) return false;
  const cgroups = new Set(roots.map((pid) => evidence.read(`/proc/${pid}/cgroup`).value));
  const exes = new Set(roots.map((pid) => evidence.readlink(`/proc/${pid}/exe`).value));
  const parentComm = parseStat(evidence.read(`/proc/${parent}/stat`).value ?? '')?.comm;
  // Two jobs of one shell are two programs; the workers of one supervisor are one service.
  return exes.size === 1 && cgroups.size === 1 && !/^(ba|da|z|k|fi)?sh$|^systemd$|^tmux|^screen/i.test(parentComm ?? '');
}

function ambiguous(evidence: Evidence, spec: string, command: string, roots: readonly number[], tree: ProcessTree): UserError {
  const hints = roots.slice(0, MOST_CANDIDATES).map((pid) => {
    const workers = tree.descendants(pid).length;
    const program = programOf(evidence, pid);
    const tail = workers > 0 ? ` --tree   # ${program}, ${workers} below it` : `   # ${program}`;
    return `reloadctl ${command} ${pid}${tail}`;
  });
  if (roots.length > MOST_CANDIDATES) hints.push(`and ${roots.length - MOST_CANDIDATES} more`);
  return new UserError(`${roots.length} different processes are called ${spec}; name one`, { hints });
}

/** The executable, or, where we may not ask for it, the name and whose it is. */
function programOf(evidence: Evidence, pid: number): string {
  const exe = evidence.readlink(`/proc/${pid}/exe`).value;
  if (exe !== undefined) return decodeText(exe).text;
  const comm = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '')?.comm ?? '';
  const uid = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '')?.uid;
  return `${decodeText(comm).text}${uid === undefined ? '' : ` of uid ${uid}`}`;
}
