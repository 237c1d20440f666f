/** What was open before the recording: read from /proc once the recording runs, so that nothing is missed between both. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { O_CLOEXEC, parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import { parseOpenFilesLimit } from '../../kernel/proc/limits.ts';
import { parseStat } from '../../kernel/proc/stat.ts';
import type { Coverage } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import type { Analysis } from '../collect/analysis.ts';
import { kindOf } from '../tables/kind-of.ts';
import { inodeOf, listenersAt } from './addresses.ts';
import type { Recording } from './recording.ts';
import { livingThread } from './target.ts';

interface SeedFd {
  fd: number;
  link: ByteString;
  cloexec: boolean | null;
  /** What a socket is bound to. */
  bound?: ByteString;
}

export interface Seed {
  pid: number;
  parent: number;
  program: ByteString;
  limit: number | null;
  /** All threads but the first. */
  tids: number[];
  /** Undefined where the table may not be read. */
  fds: SeedFd[] | undefined;
  /** Opened since the recording began, or a moment before: that is told by the recording, but for a few. */
  young: SeedFd[];
  /** Closed since. */
  gone: number[];
}

/** Numbers that are open; read just before a recording begins, it tells what of a later look is younger. */
export function openNumbers(evidence: Evidence, pid: number): Set<number> {
  return new Set((evidence.list(`${tableOf(evidence, pid)}/fd`).value ?? []).map(Number));
}

/** A first thread that has ended shows none. */
const tableOf = (evidence: Evidence, pid: number): string => `/proc/${livingThread(evidence, pid) ?? pid}`;

/** @param before numbers that were open when the recording began; undefined where nobody looked */
export function readSeed(evidence: Evidence, pid: number, before?: ReadonlySet<number>): Seed {
  const base = tableOf(evidence, pid);
  const stat = parseStat(evidence.read(`${base}/stat`).value ?? '');
  const fds = evidence.list(`${base}/fd`).value?.flatMap((name) => readFd(evidence, base, name));
  const isYoung = ({ fd }: SeedFd): boolean => before !== undefined && !before.has(fd);
  const numbers = new Set(fds?.map(({ fd }) => fd));
  const bound = fds?.some(({ link }) => inodeOf(link) !== undefined) ? listenersAt(evidence, pid) : undefined;
  for (const one of bound ? fds! : []) {
    const address = bound!.get(inodeOf(one.link) ?? '');
    if (address !== undefined) one.bound = address;
  }
  return {
    pid,
    parent: stat?.ppid ?? 0,
    program: evidence.readlink(`${base}/exe`).value ?? stat?.comm ?? '',
    limit: parseOpenFilesLimit(evidence.read(`${base}/limits`).value ?? '')?.soft ?? null,
    tids: (evidence.list(`/proc/${pid}/task`).value ?? []).map(Number).filter((tid) => tid !== pid),
    fds: fds?.filter((fd) => !isYoung(fd)),
    young: fds?.filter(isYoung) ?? [],
    gone: fds ? [...(before ?? [])].filter((fd) => !numbers.has(fd)) : [],
  };
}

function readFd(evidence: Evidence, base: string, name: string): SeedFd[] {
  const link = evidence.readlink(`${base}/fd/${name}`).value;
  const flags = parseFdInfo(evidence.read(`${base}/fdinfo/${name}`).value ?? '')?.flags;
  return link === undefined ? [] : [{ fd: Number(name), link, cloexec: flags === undefined ? null : (flags & O_CLOEXEC) !== 0 }];
}

/**
 * Puts it into the tables, before the first line is taken. Whatever was opened since the recording began is in the recording too: an
 * open that returns one of these numbers takes its place without being a surprise. That is what `assumed` does, until `settleSeeds`.
 * @param epochMs when the recording began
 */
export function plantSeeds({ model }: Analysis, seeds: readonly Seed[], epochMs: number): void {
  // Their tables are looked at from here on; lines of the recording tell the same time.
  model.fds.time = epochMs * 1000;
  for (const { pid, parent, program, limit, tids, fds, gone } of seeds) {
    const leader = model.discover(pid);
    Object.assign(leader, { program, limit, parent });
    for (const tid of tids) model.discoverThread(tid, leader);
    for (const { fd, link, cloexec, bound } of fds ?? []) {
      const slot = leader.table.slots.get(fd) ?? model.fds.found(leader, fd, link, kindOf(link), null);
      slot.description.kind = kindOf(link);
      slot.description.target = link;
      if (bound !== undefined) slot.description.bound = bound;
      slot.cloexec = cloexec;
      slot.assumed = true;
    }
    for (const fd of [0, 1, 2]) if (fds && !fds.some((one) => one.fd === fd)) leader.table.slots.delete(fd);
    for (const fd of gone) model.fds.found(leader, fd, '', 'unknown', null).assumed = true;
  }
}

/**
 * Nothing in the recording spoke against what was planted; what it does not know of, and is there still, was opened as it began.
 * @param atEnd by process: numbers that were open when it ended; what came unseen, in a message, is among them
 * Answers how many of those.
 */
export function settleSeeds({ model }: Analysis, seeds: readonly Seed[], evidence: Evidence, atEnd: Recording['atEnd']): number {
  let unseen = 0;
  for (const { pid, young, gone } of seeds) {
    const leader = model.threads.get(pid);
    if (!leader) continue;
    for (const fd of gone) if (leader.table.slots.get(fd)?.assumed) leader.table.slots.delete(fd);
    for (const { fd, link, cloexec } of young) {
      if (!leader.table.slots.has(fd) && evidence.readlink(`/proc/${pid}/fd/${fd}`).value === link) model.fds.found(leader, fd, link, kindOf(link), cloexec);
    }
  }
  for (const [pid, numbers] of atEnd ?? []) {
    const thread = model.threads.get(pid);
    for (const fd of thread ? numbers : []) {
      if (thread!.table.slots.has(fd)) continue;
      for (const { link, cloexec } of readFd(evidence, tableOf(evidence, pid), String(fd))) {
        model.fds.found(thread!, fd, link, kindOf(link), cloexec);
        unseen++;
      }
    }
  }
  for (const { table } of model.tables()) for (const slot of table.slots.values()) slot.assumed = false;
  return unseen;
}

/** @param unseen of `settleSeeds` */
export function seedCoverage(seeds: readonly Seed[], unseen: number): Coverage[] {
  const came: Coverage[] = unseen === 0 ? [] : [{ source: '/proc/PID/fd', status: 'partial', detail: `${plural('descriptor', unseen)} came unseen, and ${unseen === 1 ? 'is' : 'are'} open at the end`, needed: false }];
  const denied: Coverage[] = seeds.filter(({ fds }) => !fds).map(({ pid }) => ({ source: `/proc/${pid}/fd`, status: 'denied' as const, detail: 'what was open before is known only where it was used', needed: false }));
  return [...came, ...denied];
}
