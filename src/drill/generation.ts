/** Who the service is at one moment: its processes by pid, start and program image, and the sockets that it listens on. */
import type { Evidence } from '../evidence/types.ts';
import { mainsOf } from '../inherit/index.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { listPids } from '../kernel/process.ts';
import { type Listening, listenersAt } from './listening.ts';

export interface Member {
  /** pid, start time and where exec placed the image: a process that runs exec is another one. */
  key: string;
  pid: number;
  ppid: number;
  startTime: string;
  comm: string;
  /** It holds one of the listeners. */
  listens: boolean;
  /** It is no worker of another one. */
  isMain: boolean;
}

export interface Generation {
  members: ReadonlyMap<string, Member>;
  listeners: readonly Listening[];
}

const MOST_THREADS = 64;
const MOST_FAMILY = 512;
/** How often new processes are looked for: a list of all of the host takes some ms, in which the load rests. */
const SEEK_MS = 100;
const MOST_SEEK_MS = 2000;

/** Follows a service through its generations by who holds its listeners, and who descends from whom. */
export class Service {
  readonly #evidence: Evidence;
  /** Ports whose listeners are meant: that of the URL, or those of the process where it does not hold that one. */
  #ports: ReadonlySet<number> = new Set();
  /** Those of it that were there at the last look, and who came since. */
  readonly #known = new Map<string, { pid: number; startTime: string }>();
  /** Processes that were there when it began; and those that came since, with the time at which they are asked again. */
  #elsewhere = new Set<number>();
  readonly #young = new Map<number, { at: number; waitMs: number }>();
  #soughtAt = 0;
  /** Whether the process named by the user holds the port of the URL. */
  holdsPort = false;

  private constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  /** @param pid undefined: whoever listens on the port here */
  static async open(evidence: Evidence, port: number, pid: number | undefined): Promise<Service> {
    const service = new Service(evidence);
    if (pid === undefined) {
      service.#ports = new Set([port]);
      service.holdsPort = true;
      for (const holder of await service.#holders(listenersAt(evidence, process.pid).filter((one) => one.port === port))) service.#note(service.#top(holder));
    } else {
      service.#note(pid);
      const held = service.#heldBy([pid, ...service.#below(pid)], listenersAt(evidence, pid));
      service.holdsPort = held.some((one) => one.port === port);
      service.#ports = new Set(service.holdsPort ? [port] : held.map((one) => one.port));
    }
    service.#elsewhere = new Set(listPids(evidence));
    return service;
  }

  get ports(): ReadonlySet<number> {
    return this.#ports;
  }

  look(): Generation {
    for (const [key, { pid, startTime }] of this.#known) if (this.#living(pid)?.startTime !== startTime) this.#known.delete(key);
    const listeners = this.#listeners();
    const links = listeners.map(({ inode }) => `socket:[${inode}]`);
    if (performance.now() - this.#soughtAt > SEEK_MS || this.#known.size === 0) this.#seekYoung(links);
    const roots = [...new Set([...this.#known.values()].map(({ pid }) => pid))];
    const pids = [...new Set(roots.flatMap((pid) => [pid, ...this.#below(pid)]))].slice(0, MOST_FAMILY);
    const members = new Map<string, Member>();
    const mains = new Set(mainsOf(this.#evidence, pids, { parents: new Map(pids.map((pid) => [pid, this.#stat(pid)?.ppid ?? 0])) }));
    for (const pid of pids) {
      const stat = this.#living(pid);
      if (!stat) continue;
      const key = this.#note(pid)!;
      const listens = links.length > 0 && (this.#evidence.users?.findLinks(pid, links).value ?? []).length > 0;
      members.set(key, { key, pid, ppid: stat.ppid, startTime: stat.startTime, comm: stat.comm, listens, isMain: mains.has(pid) });
    }
    return { members, listeners };
  }

  #listeners(): Listening[] {
    const [first] = this.#known.values();
    return listenersAt(this.#evidence, first?.pid ?? process.pid).filter(({ port }) => this.#ports.has(port));
  }

  /** Processes that came since it began, and hold a listener now: a new generation is a new process, whoever started it. */
  #seekYoung(links: readonly string[]): void {
    const moment = performance.now();
    this.#soughtAt = moment;
    const all = listPids(this.#evidence);
    const now = new Set(all);
    for (const known of [this.#elsewhere, this.#young]) for (const pid of known.keys()) if (!now.has(pid)) known.delete(pid);
    for (const pid of all) if (!this.#elsewhere.has(pid) && !this.#young.has(pid)) this.#young.set(pid, { at: 0, waitMs: SEEK_MS });
    if (links.length === 0) return;
    for (const [pid, next] of this.#young) {
      if (next.at > moment || this.#isKnown(pid)) continue;
      // It may get the listener some time after it began; but others have very many descriptors.
      if ((this.#evidence.users?.findLinks(pid, links).value ?? []).length > 0) this.#note(this.#top(pid));
      next.at = moment + next.waitMs;
      next.waitMs = Math.min(MOST_SEEK_MS, 2 * next.waitMs);
    }
  }

  #isKnown(pid: number): boolean {
    return [...this.#known.values()].some((known) => known.pid === pid);
  }

  #stat(pid: number): ReturnType<typeof parseStat> {
    return parseStat(this.#evidence.read(`/proc/${pid}/stat`).value ?? '');
  }

  /** A zombie holds nothing, serves nobody, and has no network. */
  #living(pid: number): ReturnType<typeof parseStat> {
    const stat = this.#stat(pid);
    return !stat || stat.state === 'Z' || stat.state === 'X' || stat.exiting ? null : stat;
  }

  #note(pid: number): string | undefined {
    const text = this.#evidence.read(`/proc/${pid}/stat`).value ?? '';
    const stat = parseStat(text);
    if (!stat) return undefined;
    const key = `${pid} ${stat.startTime} ${parseImage(text)?.placed ?? ''}`;
    this.#known.set(key, { pid, startTime: stat.startTime });
    return key;
  }

  /** Whoever holds a listener may be a worker of one that does not. */
  #top(pid: number): number {
    const exeOf = (one: number): string | undefined => this.#evidence.readlink(`/proc/${one}/exe`).value;
    let top = pid;
    for (let above = this.#stat(pid)?.ppid ?? 0; above > 1 && exeOf(above) !== undefined && exeOf(above) === exeOf(top); above = this.#stat(above)?.ppid ?? 0) top = above;
    return top;
  }

  #below(pid: number): number[] {
    const found = new Set([pid]);
    for (const above of found) {
      for (const tid of (this.#evidence.list(`/proc/${above}/task`).value ?? []).slice(0, MOST_THREADS)) {
        for (const child of (this.#evidence.read(`/proc/${above}/task/${tid}/children`).value ?? '').split(' ')) if (/^\d+$/.test(child)) found.add(Number(child));
      }
      if (found.size > MOST_FAMILY) break;
    }
    found.delete(pid);
    return [...found];
  }

  #heldBy(pids: readonly number[], listeners: readonly Listening[]): Listening[] {
    const held = new Set<string>();
    const links = listeners.map(({ inode }) => `socket:[${inode}]`);
    for (const pid of pids) for (const fd of this.#evidence.users?.findLinks(pid, links).value ?? []) held.add(this.#evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? '');
    return listeners.filter(({ inode }) => held.has(`socket:[${inode}]`));
  }

  async #holders(listeners: readonly Listening[]): Promise<number[]> {
    if (listeners.length === 0) return [];
    const found = (await this.#evidence.network?.holdersOf(listeners.map(({ inode }) => inode)))?.value;
    return [...new Set((found?.holders ?? []).map(({ pid }) => pid))];
  }
}
