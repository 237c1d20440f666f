/** The processes of the target while events happen to it: a reload may replace them by others. */
import type { Evidence } from '../../evidence/types.ts';
import { readProcess, stillThere } from '../../kernel/process.ts';
import { type ResolvedTarget, resolveTarget } from '../../kernel/targets/index.ts';
import type { Fd, Process } from '../../kernel/types.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Member } from '../../series/index.ts';
import { FdCensus } from '../watch/census.ts';
import { isAtWork } from './at-work.ts';

interface Relative {
  /** Its place in the service. A successor takes it over, and with it what was handed on under the same numbers. */
  place: number;
  census: FdCensus;
}

/** Processes that went and came in between two floors. */
export interface Change {
  gone: number[];
  come: number[];
}

/** Who is meant, sample by sample: a successor takes the place of whom it replaces, so that what was handed on counts as the same. */
export class Family {
  /** As it is meant now. */
  target: ResolvedTarget;
  private readonly relatives = new Map<number, Relative>();
  private readonly evidence: Evidence;
  private readonly tree: boolean;
  private places = 0;
  private free: { place: number; comm: string }[] = [];
  private change: Change = { gone: [], come: [] };
  private readonly lost: { process: Process; fds: Fd[]; how: 'gone' | 'reused' }[] = [];

  /** Throws UserError as resolveTarget does, and (exit 3) when none of its processes is there. */
  constructor(evidence: Evidence, spec: string, tree: boolean) {
    this.evidence = evidence;
    this.tree = tree;
    this.target = resolveTarget(evidence, spec, { tree, command: 'fds' });
    this.follow(this.target.pids);
    if (this.relatives.size === 0) throw new UserError(`no such process: ${this.target.pids.join(', ')}`, { exitCode: 3 });
    this.takeChange();
  }

  /** A pid alone names one process; everything else may stand for another one after a reload. */
  get isFollowed(): boolean {
    return this.tree || !/^\d+$/.test(this.target.spec);
  }

  get size(): number {
    return this.relatives.size;
  }

  /** Who of them may not be looked at, and why: asked before anything is done to them. */
  refused(): { pid: number; errno: string } | undefined {
    for (const [pid, { census }] of this.relatives) {
      if (!census.sample() && census.errno !== 'ENOENT' && census.errno !== 'ESRCH') return { pid, errno: census.errno ?? 'EIO' };
    }
    return undefined;
  }

  /** What all of them hold, by identities that outlive a process whose successor got it. */
  sample(): Member<Fd>[] {
    const members: Member<Fd>[] = [];
    for (const [pid, { place, census }] of this.relatives) {
      const sample = census.sample();
      const state = stillThere(this.evidence, census.process);
      if (state !== 'same' || !sample) {
        this.lose(pid, state === 'reused' ? 'reused' : 'gone');
        continue;
      }
      const owner = String(pid).length;
      for (const member of sample) members.push({ ...member, identity: `${place}${member.identity.slice(owner)}` });
    }
    return members;
  }

  /** Has one of them something to do that may change its table yet? */
  isAtWork(): boolean {
    return [...this.relatives.keys()].some((pid) => isAtWork(this.evidence, pid));
  }

  /** Asks again who is meant. True when that are others now. */
  renew(): boolean {
    if (!this.isFollowed) return false;
    let target: ResolvedTarget;
    try {
      target = resolveTarget(this.evidence, this.target.spec, { tree: this.tree, command: 'fds' });
    } catch (error) {
      // Nobody, or nobody alone, for the moment: those we know are still meant, as long as they are there.
      if (error instanceof UserError) return false;
      throw error;
    }
    const wanted = new Set(target.pids);
    const left = [...this.relatives.keys()].filter((pid) => !wanted.has(pid));
    for (const pid of left) this.lose(pid, 'gone');
    const come = this.follow(target.pids);
    this.target = target;
    return left.length > 0 || come > 0;
  }

  /** Who went and came since the last call. */
  takeChange(): Change {
    const change = this.change;
    this.change = { gone: [], come: [] };
    return change;
  }

  /** What each held in the last sample; when nobody is left, those that were lost. */
  get last(): { process: Process; fds: Fd[] }[] {
    const there = [...this.relatives.values()].map(({ census }) => ({ process: census.process, fds: census.fds }));
    return there.length > 0 ? there : this.lost.map(({ process, fds, how }) => ({ process, fds: how === 'reused' ? [] : fds }));
  }

  get ended(): { pid: number; how: 'gone' | 'reused' }[] {
    return this.lost.map(({ process, how }) => ({ pid: process.pid, how }));
  }

  private follow(pids: readonly number[]): number {
    const fresh = pids.filter((pid) => !this.relatives.has(pid));
    let come = 0;
    for (const pid of fresh) {
      const process = readProcess(this.evidence, pid);
      // A zombie holds nothing, and no new one comes of it.
      if (!process || stillThere(this.evidence, process) !== 'same') continue;
      this.relatives.set(pid, { place: this.placeOf(process), census: new FdCensus(this.evidence, process) });
      this.change.come.push(pid);
      come++;
    }
    // Those that have a successor need not be shown any more.
    if (come > 0) this.lost.length = 0;
    return come;
  }

  /** The place of one that went and was called so, else of any that went, else a new one. */
  private placeOf({ comm }: Process): number {
    const same = this.free.findIndex((candidate) => candidate.comm === comm);
    const [taken] = this.free.splice(Math.max(0, same), 1);
    return taken?.place ?? this.places++;
  }

  private lose(pid: number, how: 'gone' | 'reused'): void {
    const { place, census } = this.relatives.get(pid)!;
    this.relatives.delete(pid);
    this.free.push({ place, comm: census.process.comm });
    this.change.gone.push(pid);
    this.lost.push({ process: census.process, fds: census.fds, how });
  }
}
