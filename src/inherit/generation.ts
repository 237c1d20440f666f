/** One generation: its table, its listeners, what it was handed on purpose, what it uses, and its context. */
import type { Answer, ByteString, Evidence, FileStat } from '../evidence/types.ts';
import { announcedFds } from '../kernel/announced-fds.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { infoBlocks } from '../kernel/kinds/index.ts';
import { parseFdInfo } from '../kernel/proc/fdinfo.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import { isPid } from '../kernel/process.ts';
import { askFdUse } from '../kernel/snapshot/fd-use.ts';
import type { FdTable } from '../kernel/types.ts';
import { listOf } from '../report/words.ts';
import { askContext, type Context } from './context.ts';
import type { Generation } from './model.ts';
import type { Networks } from './networks.ts';
import { type Asking, fixFor, type Opened, readTable } from './table.ts';
import { listenersOfWorkers } from './workers.ts';

const DELETED = ' (deleted)';
const EPOLL = 'anon_inode:[eventpoll]';
const LOW_FDS = Array.from({ length: 253 }, (_, index) => index + 3);
/** Enough to find the listeners they have in common. */
const MOST_WORKERS = 8;

type Answers = ReadonlyMap<string, Answer<ByteString>>;

/** What class A tells of a generation, what is still to be read of class B, and what it is then. */
export interface Asked {
  evidence: Evidence;
  pid: number;
  paths: string[];
  answered(answers: Answers, exe: FileStat | undefined): Generation;
}

/** @param shared links that the other generation has, too */
export async function askGeneration(opened: Opened, networks: Networks, shared: ReadonlySet<string>): Promise<Asked> {
  const { evidence, raw, which, asking, coverage } = opened;
  const { process } = raw;
  const { pid } = process;
  const { table, listeners } = await readTable(opened, networks, shared);
  const context = askContext(evidence, pid);
  const known = new Set(listeners.map(({ inode }) => inode));
  const ofWorkers = listenersOfWorkers(evidence, process, networks.of(evidence, pid).rows, known);
  // What the old one uses is nobody's question.
  const use = which === 'new' ? askUse(opened, table, context.placed) : undefined;
  return {
    evidence,
    pid,
    paths: [...(use?.paths ?? []), ...context.paths],
    answered(answers, exe) {
      const told = context.answered(answers);
      noteUnread(told, which, asking, coverage);
      return {
        process,
        table,
        listeners: [...listeners, ...ofWorkers],
        context: told,
        ...announcedTo(opened, told),
        ...(use?.answered(answers) ?? { used: new Set<number>(), useUnknown: true }),
        ...(exe && { exe: { stat: exe, deleted: process.exe?.endsWith(DELETED) ?? false } }),
      };
    },
  };
}

/** All that class B tells of these, by as few children as can be: what is new first, since of what hangs all that comes after it is late. */
export async function answerAll(asked: readonly Asked[]): Promise<Generation[]> {
  const worlds = new Map<Evidence, Asked[]>();
  for (const one of asked) worlds.set(one.evidence, [...(worlds.get(one.evidence) ?? []), one]);
  const generations = new Map<Asked, Generation>();
  for (const [evidence, all] of worlds) {
    const paths = [...new Set(all.toReversed().flatMap((one) => one.paths))];
    const [answers, exes] = await Promise.all([evidence.readSlow(paths), evidence.statSlow('/proc', all.map(({ pid }) => `${pid}/exe`))]);
    const byPath = new Map(paths.map((path, index) => [path, answers[index]!]));
    for (const [index, one] of all.entries()) generations.set(one, one.answered(byPath, exes[index]?.value));
  }
  return asked.map((one) => generations.get(one)!);
}

/** What was refused for one reason is one line. */
function noteUnread({ unread }: Context, which: string, asking: Asking, coverage: CoverageLog): void {
  const byReason = new Map<string, string[]>();
  for (const [path, errno] of unread) byReason.set(errno, [...(byReason.get(errno) ?? []), path]);
  for (const [errno, paths] of byReason) {
    const names = listOf(paths.map((path) => path.split('/').at(-1)!), paths.length);
    const source = paths.length > 1 && byReason.size === 1 ? 'context' : names;
    coverage.note({ source: `${which}: ${source}`, status: statusOf(errno), detail: `${paths.length > 1 ? names : paths[0]!}: ${errnoWords(errno)}`, ...fixFor(errno, asking), needed: false });
  }
}

/** What it was handed may be closed by now, and a copy of it be in use: the numbers tell what that was. */
function announcedTo({ evidence, raw: { process: { pid }, links } }: Opened, { environ }: Context): Pick<Generation, 'announced' | 'ownPids'> {
  const ownPids = [pid, ...(parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '')?.nsPids ?? [])];
  if (!environ) return { announced: [], ownPids };
  const text = [...environ].map(([name, value]) => `${name}=${value}\0`).join('');
  const announced = announcedFds(text, ownPids, [...new Set([...links.numbers, ...LOW_FDS])]);
  return { announced, ownPids };
}

interface UseQuestions {
  paths: string[];
  answered(answers: Answers): Pick<Generation, 'used' | 'useUnknown'>;
}

/** What it waits for itself, or its workers do: forks of it, which have what it has under the same numbers. Completes what its table lacks of class B. */
function askUse({ evidence, raw, asking, coverage }: Opened, table: FdTable, placed: string): UseQuestions {
  const { pid } = raw.process;
  const children = (evidence.read(`/proc/${pid}/task/${pid}/children`).value ?? '').split(' ').filter(isPid).map(Number).slice(0, MOST_WORKERS);
  const workers = children.filter((child) => placed !== '' && parseImage(evidence.read(`/proc/${child}/stat`).value ?? '')?.placed === placed);
  const use = askFdUse(evidence, [pid, ...workers], asking);
  const ofWorkers = workers.flatMap((worker) => (evidence.users?.findLinks(worker, [EPOLL]).value ?? []).map((fd) => `/proc/${worker}/fdinfo/${fd}`));
  const own = [...raw.links.numbers].filter((fd) => raw.links.get(fd) === EPOLL).map((fd) => `/proc/${pid}/fdinfo/${fd}`);
  const lacking = table.fds.filter(({ info, link }) => !info && infoBlocks(link)).map((fd) => ({ fd, path: `/proc/${pid}/fdinfo/${fd.fd}` }));
  return {
    paths: [...own, ...lacking.map(({ path }) => path), ...use.paths, ...ofWorkers],
    answered(answers) {
      for (const { fd, path } of lacking) {
        const info = parseFdInfo(answers.get(path)?.value ?? '');
        if (info) fd.info = info;
      }
      const uses = use.answered(answers, coverage);
      const used = new Set([...uses.values()].flatMap(({ fds }) => fds));
      for (const path of [...own, ...ofWorkers]) {
        for (const [, number] of (answers.get(path)?.value ?? '').matchAll(/^tfd:\s+(\d+) /gm)) used.add(Number(number));
      }
      return { used, useUnknown: [...uses.values()].some(({ unread, pollsBelow }) => unread || pollsBelow > 0) };
    },
  };
}
