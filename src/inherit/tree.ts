/** Generations of a service are whoever holds its listeners, whatever they are called: found by inode. */
import type { Evidence } from '../evidence/types.ts';
import type { CommandContext } from '../command.ts';
import { errnoWords } from '../kernel/coverage.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { ProcessTree } from '../kernel/process-tree.ts';
import { UserError } from '../kernel/user-error.ts';
import { readListening } from './networks.ts';

interface Holders {
  mains: number[];
  /** Processes whose descriptors may not be read. */
  unread: number;
}

/** The main processes of each generation: of those that hold a listener of `pids`, those that are no workers of another. @throws UserError (exit 3) when `pids` themselves may not be read */
export async function holdersOfListeners(evidence: Evidence, pids: readonly number[], { rerun, isRoot, signal }: Pick<CommandContext, 'rerun' | 'isRoot' | 'signal'>): Promise<Holders> {
  const tree = new ProcessTree(evidence);
  const inodes = new Set<string>();
  for (const pid of pids) {
    // A master may leave listening to its workers.
    const family = [pid, ...tree.descendants(pid)];
    const links = new Map(readListening(evidence, pid).rows.map(({ inode }) => [`socket:[${inode}]`, inode]));
    for (const member of family) {
      const { value: fds = [], errno } = evidence.users?.findLinks(member, [...links.keys()]) ?? {};
      if (member === pid && errno !== undefined) {
        throw new UserError(`the descriptors of process ${pid} may not be read (${errnoWords(errno)}): what it listens on is not known`, { exitCode: 3, hints: isRoot ? [] : [`sudo ${rerun}`] });
      }
      for (const fd of fds) {
        const inode = links.get(evidence.readlink(`/proc/${member}/fd/${fd}`).value ?? '');
        if (inode !== undefined) inodes.add(inode);
      }
    }
  }
  if (inodes.size === 0) return { mains: [...pids], unread: 0 };
  const { holders = [], denied: unread = 0 } = (await evidence.network?.holdersOf([...inodes], signal))?.value ?? {};
  return { mains: mainsOf(evidence, [...new Set(holders.map(({ pid }) => pid))], tree), unread };
}

/** Of these those that are no workers: who has a parent of the same program among them, unless that is an older generation that started it by exec. */
export function mainsOf(evidence: Evidence, all: readonly number[], tree: Pick<ProcessTree, 'parents'> = new ProcessTree(evidence)): number[] {
  const exeOf = (pid: number): string | undefined => evidence.readlink(`/proc/${pid}/exe`).value?.replace(/ \(deleted\)$/, '');
  return all.filter((pid) => {
    const parent = tree.parents.get(pid);
    return parent === undefined || !all.includes(parent) || exeOf(parent) !== exeOf(pid) || !isFork(evidence, parent, pid);
  });
}

/** The same addresses of stack and arguments: no exec lies between. */
function isFork(evidence: Evidence, a: number, b: number): boolean {
  const [one, other] = [a, b].map((pid) => parseImage(evidence.read(`/proc/${pid}/stat`).value ?? '')?.placed ?? '');
  return one !== '' && one === other;
}
