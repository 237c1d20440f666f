/** Reads a process that is held at its exit, or that outlived the command. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { CoverageLog, errnoWords } from '../kernel/coverage.ts';
import { decodeTable } from '../kernel/fd-decode.ts';
import { readLinkTable } from '../kernel/fd-links.ts';
import { type RawTable, readInfos, readRawTable } from '../kernel/fd-table.ts';
import { groupKeys } from '../kernel/groups.ts';
import { isKind, socket } from '../kernel/kinds/index.ts';
import { endpoint } from '../kernel/kinds/socket.ts';
import { readProcess } from '../kernel/process.ts';
import { readSockets } from '../kernel/snapshot/sockets.ts';
import { decodeText } from '../kernel/text.ts';
import type { Fd, Process } from '../kernel/types.ts';
import { type Budgets, classOf } from './budgets.ts';
import { countWatches } from './during/watches.ts';
import type { ExitEvent, OpenGroup } from './model.ts';

const NEVER = new AbortController().signal;
/** stdin, stdout, stderr: whoever started it chose them. */
const FIRST_OWN = 3;
/** dash, zsh and busybox take 10 for the script, bash 255. */
const FIRST_OF_SHELL = 10;
const MOST_EXAMPLES = 3;
const SNAPSHOT = { allOwners: false, everything: false, rerun: '', isRoot: false, signal: NEVER };

/** Why there is nothing to tell. */
export interface NotRead {
  problem: string;
}

/** What a process has open that it opened itself: what its parent has at the same number came from there. */
export async function lookAtExit(evidence: Evidence, pid: number, { code, isMain, budgets, inotify }: { code: number; isMain: boolean; budgets: Budgets; inotify: boolean }): Promise<ExitEvent | NotRead> {
  const process = readProcess(evidence, pid);
  if (!process) return { problem: `process ${pid} was gone before it could be read` };
  const raw = await readRawTable(evidence, process, { infos: false, stats: false, signal: NEVER });
  if (raw.errno !== undefined) return { problem: `/proc/${pid}/fd: ${errnoWords(raw.errno)}` };
  const own = await ownFds(evidence, raw, process);
  const keys = groupKeys(own);
  const groups = new Map<string, OpenGroup>();
  for (const fd of own) {
    const kind = classOf(fd);
    const key = keys.get(fd) ?? fd.kind;
    const id = `${kind}\0${fd.kind}\0${key}`;
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { class: kind, kind: fd.kind, key, count: 0, ...budgets.most(kind), examples: [] }));
    group.count++;
    if (group.examples.length < MOST_EXAMPLES) group.examples.push({ fd: fd.fd, target: decodeText(fd.link).text });
  }
  // Programs that watch end with all their watches: only a policy can say how many are too many.
  if (inotify && budgets.watches.isAsked) {
    for (const { fd, watches } of await countWatches(evidence, [pid])) {
      if (watches > 0 && own.some((one) => one.fd === fd)) groups.set(`watch\0${fd}`, { class: 'watch', kind: 'inotify', key: 'watches of one inotify instance', count: watches, ...budgets.watches, examples: [{ fd, target: 'inotify' }] });
    }
  }
  return { type: 'exit', process, code, isMain, groups: [...groups.values()].sort((a, b) => b.count - a.count), open: own.length };
}

async function ownFds(evidence: Evidence, raw: RawTable, process: Process): Promise<Fd[]> {
  const { links } = raw;
  const beyond = [...links.numbers].filter((number) => number >= FIRST_OWN);
  // Most processes end with nothing open: then nobody else is asked.
  if (beyond.length === 0) return [];
  const parent = await readLinkTable(evidence, process.ppid, NEVER);
  const isOwn = (number: number): boolean => number >= FIRST_OWN && (parent.errno !== undefined || parent.links.get(number) !== links.get(number));
  if (!beyond.some(isOwn)) return [];
  // What they were opened for tells directories from files, and the ends of pipes.
  await readInfos(evidence, raw, beyond.filter((number) => isOwn(number) && /^(?:\/|pipe:)/.test(links.get(number)!)), NEVER);
  const sockets = readSockets(evidence, [raw], SNAPSHOT, new CoverageLog());
  const script = scriptOf(beyond, (number) => links.get(number)!, (evidence.read(`/proc/${process.pid}/cmdline`).value ?? '').split('\0'));
  return decodeTable(raw, sockets.of(process)).filter(({ fd, errno }) => errno === undefined && isOwn(fd) && fd !== script);
}

/** A shell reads its script to the end of its days, and has it at a high number: one of the words, which may be relative to where it was then. */
function scriptOf(numbers: readonly number[], linkOf: (number: number) => ByteString, words: readonly string[]): number | undefined {
  const paths = words.slice(1).map((word) => `/${word.replace(/^(?:\.{0,2}\/)+/, '')}`).filter((path) => path !== '/');
  const found = numbers.filter((number) => paths.some((path) => linkOf(number).endsWith(path)));
  return found.length === 1 && found[0]! >= FIRST_OF_SHELL ? found[0] : undefined;
}

/** Addresses it listens at. */
export async function listensOf(evidence: Evidence, process: Process): Promise<string[]> {
  const raw = await readRawTable(evidence, process, { infos: false, stats: false, signal: NEVER });
  if (raw.errno !== undefined) return [];
  const sockets = readSockets(evidence, [raw], SNAPSHOT, new CoverageLog());
  const listens = decodeTable(raw, sockets.of(process)).flatMap((fd) => {
    if (!isKind(fd, socket)) return [];
    const { row } = fd.detail;
    return row?.state === 'LISTEN' ? [endpoint(row.localAddress, row.localPort) ?? (row.path === undefined ? '' : decodeText(row.path).text)] : [];
  });
  return [...new Set(listens)].filter((address) => address !== '').sort();
}

/** The first words of its command line: what stands behind them may hold secrets. */
export function commandOf(evidence: Evidence, { pid, comm }: Process): string {
  const words = (evidence.read(`/proc/${pid}/cmdline`).value ?? '').split('\0').filter((word) => word !== '');
  return words.length === 0 ? decodeText(comm).text : decodeText(words.slice(0, 2).join(' ')).text.slice(0, 120);
}
