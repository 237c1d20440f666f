/** The counters a user's things count at, from its own user namespace outwards, and their limits. */
import type { Answer, ByteString, Evidence, UserNamespace } from '../../evidence/types.ts';
import { parseNumber } from '../proc/scan.ts';

/** include/linux/proc_ns.h PROC_USER_INIT_INO, PROC_PID_INIT_INO. */
export const FIRST_USER_NAMESPACE = '4026531837';
export const FIRST_PID_NAMESPACE = '4026531836';
/** What entering other namespaces may cost at most. */
const MOST_NAMESPACES = 32;
const OWN_FILES = ['/proc/sys/user/max_inotify_instances', '/proc/sys/user/max_inotify_watches'];
export const FIRST_FILES = ['/proc/sys/fs/inotify/max_user_instances', '/proc/sys/fs/inotify/max_user_watches'];

export interface Limits {
  instances: number | null;
  watches: number | null;
}

/** Where a user's things count: in its own namespace first. */
export interface Chain {
  steps: { userns: string; uid: number }[];
  /** It ends at the first namespace of the host, and nothing between is left out. */
  isComplete: boolean;
}

export class Namespaces {
  private readonly chains = new Map<string, UserNamespace[]>();
  private readonly limits = new Map<string, Limits>();
  private readonly evidence: Evidence;
  private readonly own: string;

  /** @param own inode of our own user namespace */
  constructor(evidence: Evidence, own: string) {
    this.evidence = evidence;
    this.own = own;
  }

  /** Reads what is to be known of the namespace of `pid`, once. */
  async add(userns: string, pid: number): Promise<void> {
    if (this.chains.has(userns)) return;
    const first = { id: FIRST_USER_NAMESPACE, ownerUid: 0 };
    const isFirst = userns === FIRST_USER_NAMESPACE;
    this.chains.set(userns, isFirst ? [first] : (this.evidence.users?.userNamespaces(pid).value ?? []));
    if (isFirst || this.limits.size > MOST_NAMESPACES) return;
    if (userns !== '') this.limits.set(userns, await this.limitsIn(userns, pid));
  }

  chainOf(userns: string, uid: number): Chain {
    const steps = [{ userns, uid }];
    const chain = this.chains.get(userns) ?? [];
    for (const [index, { ownerUid }] of chain.entries()) {
      const parent = chain[index + 1];
      if (parent) steps.push({ userns: parent.id, uid: ownerUid });
    }
    const last = chain.at(-1);
    if (last?.id === FIRST_USER_NAMESPACE) return { steps, isComplete: true };
    // From inside, what lies between our own namespace and the first one is not told: usually nothing does.
    if (last) steps.push({ userns: FIRST_USER_NAMESPACE, uid: last.ownerUid });
    return { steps, isComplete: false };
  }

  limitsOf(userns: string): Limits {
    const known = this.limits.get(userns);
    if (known || userns !== FIRST_USER_NAMESPACE) return known ?? { instances: null, watches: null };
    const limits = toLimits(FIRST_FILES.map((path) => this.evidence.read(path)));
    this.limits.set(userns, limits);
    return limits;
  }

  private async limitsIn(userns: string, pid: number): Promise<Limits> {
    if (userns === this.own) return toLimits(OWN_FILES.map((path) => this.evidence.read(path)));
    return toLimits((await this.evidence.users?.readAsUserOf(pid, OWN_FILES)) ?? []);
  }
}

function toLimits([instances, watches]: readonly Answer<ByteString>[]): Limits {
  return { instances: numberIn(instances), watches: numberIn(watches) };
}

function numberIn(answer: Answer<ByteString> | undefined): number | null {
  const value = parseNumber((answer?.value ?? '').trim());
  return value < 0 ? null : value;
}
