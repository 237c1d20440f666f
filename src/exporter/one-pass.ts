/** A world whose descriptors are read once per collection: who holds a listener and who has an inotify instance is answered from what was read for the counts. */
import { statusOf } from '../kernel/coverage.ts';
import type { Answer, Evidence, HoldersFound, SocketHolder } from '../evidence/types.ts';

const SOCKET = 'socket:[';

interface Table {
  /** Numbers of descriptors by link, of those that are no paths, sockets or pipes. */
  unnamed: Map<string, number[]>;
}

export class OnePass {
  readonly evidence: Evidence;
  readonly #tables = new Map<number, Table>();
  readonly #holders = new Map<string, SocketHolder[]>();
  #denied = 0;

  constructor(evidence: Evidence) {
    const { users, network } = evidence;
    this.evidence = overlaid(evidence, {
      ...(users && { users: overlaid(users, { findLinks: (pid, texts) => this.#find(pid, texts) ?? users.findLinks(pid, texts) }) }),
      ...(network && { network: overlaid(network, { holdersOf: async (inodes) => this.#holdersOf(inodes) }) }),
    });
  }

  /** Links of the descriptors of a process, in no order; undefined where they may not be seen. */
  read(pid: number): (string | undefined)[] | undefined {
    const folder = `/proc/${pid}/fd`;
    const { evidence } = this;
    const { value, errno } = evidence.list(folder);
    if (!value) {
      const isGone = errno === 'ENOENT' || errno === 'ESRCH';
      if (!isGone) this.#denied++;
      return isGone ? [] : undefined;
    }
    const numbers = value.map(Number);
    const answers = evidence.readlinks?.(folder, numbers);
    // CAP_DAC_OVERRIDE, as root has it in containers, lists the numbers of any process; their links want CAP_SYS_PTRACE.
    if (answers && [...answers.errnos.values()].some((refused) => statusOf(refused) === 'denied')) {
      this.#denied++;
      return undefined;
    }
    const links = answers?.values ?? numbers.map((fd) => evidence.readlink(`${folder}/${fd}`).value);
    const unnamed = new Map<string, number[]>();
    for (const [index, link] of links.entries()) {
      if (link === undefined) continue;
      if (link.startsWith(SOCKET)) put(this.#holders, link.slice(SOCKET.length, -1), { pid, fd: numbers[index]!, inode: link.slice(SOCKET.length, -1) });
      else if (link.startsWith('anon_inode:')) put(unnamed, link, numbers[index]!);
    }
    this.#tables.set(pid, { unnamed });
    return links;
  }

  #find(pid: number, texts: readonly string[]): Answer<number[]> | undefined {
    const table = this.#tables.get(pid);
    if (!table || texts.some((text) => !text.startsWith('anon_inode:'))) return undefined;
    return { value: texts.flatMap((text) => table.unnamed.get(text) ?? []).sort((a, b) => a - b), at: this.evidence.now(), source: `/proc/${pid}/fd` };
  }

  #holdersOf(inodes: readonly string[]): Answer<HoldersFound> {
    const holders = inodes.flatMap((inode) => this.#holders.get(inode) ?? []);
    return { value: { holders, seen: this.#tables.size, denied: this.#denied }, at: this.evidence.now(), source: '/proc/PID/fd' };
  }
}

function put<T>(into: Map<string, T[]>, key: string, value: T): void {
  const known = into.get(key);
  if (known) known.push(value);
  else into.set(key, [value]);
}

/** What is not answered by `own` is asked of the world, which knows itself by private fields. */
function overlaid<T extends object>(world: T, own: Partial<T>): T {
  return new Proxy(world, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return own[key as keyof T];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
