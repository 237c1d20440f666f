/** What the command line names, and leads elsewhere by now: a link that was switched, a file that was moved and made anew. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import type { Process } from '../../kernel/types.ts';
import { IN_NAMES } from '../mask.ts';
import type { Instance, Watch } from './model.ts';
import { resolvingOf } from './paths.ts';
import { type Route, routeOf } from './route.ts';
import type { Resolving } from './resolve.ts';
import { wordsOf } from './starts.ts';

/** A path of the command line that nobody watches, and the watch that seems to be meant for it. */
export interface Astray {
  named: ByteString;
  leadsTo: ByteString;
  watch: Watch;
}

const MOST_WORDS = 64;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
/** What these run is named on their command line, too: the first word that is no option. */
const INTERPRETERS = new Set(['node', 'bun', 'deno', 'python']);
/** Of a name that was kept beside another one, behind that. */
const BESIDE = /^[^a-zA-Z]/;

/** Of all these processes. Nothing on a tape, where the values of a command line are masked, each by itself: they lead nowhere. */
export async function astrayOf(evidence: Evidence, processes: readonly Process[], instances: readonly Instance[]): Promise<(Astray & { process: Process })[]> {
  const all: (Astray & { process: Process })[] = [];
  for (const process of evidence.origin === 'tape' ? [] : processes) {
    const own = instances.filter((instance) => instance.process === process);
    const resolving = own.length > 0 ? resolvingOf(evidence, process.pid) : undefined;
    for (const one of resolving ? await findAstray(evidence, process, own, resolving) : []) all.push({ ...one, process });
  }
  return all;
}

/** Judges by names: a hint. Silent where the program watches what a path leads to, its directory, or that of a link on the way. */
async function findAstray(evidence: Pick<Evidence, 'readlink' | 'readSlow'>, { pid }: Process, own: readonly Instance[], { questions, mounts }: Resolving): Promise<Astray[]> {
  const watches = own.flatMap((instance) => (instance.library?.staysWithFile ? [] : (instance.watches ?? [])));
  const byPath = new Map<ByteString, Watch>();
  for (const watch of watches) if (watch.state === 'ok' && watch.path !== undefined && (!byPath.has(watch.path) || (watch.mask & IN_NAMES) !== 0)) byPath.set(watch.path, watch);
  const isTold = (directory: ByteString): boolean => ((byPath.get(directory)?.mask ?? 0) & IN_NAMES) !== 0;
  // Whoever watches the directory as well sees names come and go.
  const alone = [...byPath.values()].filter(({ path }) => !isTold(parentOf(path!)));
  if (alone.length === 0) return [];
  const words = await wordsOf(evidence, pid);
  if (INTERPRETERS.has(own.find(({ program }) => program)?.program?.runtime ?? '')) words.splice(0, words.findIndex(({ isOption }) => !isOption) + 1);
  const routes = words.slice(0, MOST_WORDS).flatMap(({ path }) => {
    const route = path === undefined ? undefined : routeOf(path, questions, pid, mounts);
    return route === undefined || typeof route === 'string' || !route.file ? [] : [{ named: path!, route, isDirectory: (route.file.stat.mode & S_IFMT) === S_IFDIR }];
  });
  const meant = alone.filter(({ path }) => !routes.some(({ route, isDirectory }) => path === route.path || (isDirectory && path!.startsWith(`${route.path}/`))));
  return routes.flatMap(({ named, route, isDirectory }) => {
    const { path, file, directory, links } = route;
    if (byPath.has(path) || isTold(directory.path) || links.some((link) => isTold(link.directory.path))) return [];
    if (watches.some(({ ino, fsType }) => ino === file!.stat.ino && fsType !== 'overlay' && fsType !== 'btrfs')) return [];
    const watch = meant.find((one) => (one.what === 'directory') === isDirectory && isMeant(one.path!, named, route));
    return watch ? [{ named, leadsTo: path, watch }] : [];
  });
}

function isMeant(watched: ByteString, named: ByteString, { path, links }: Route): boolean {
  const [name, other] = [nameOf(named), nameOf(watched)];
  if (name === other) return true;
  if (parentOf(watched) !== parentOf(path)) return false;
  // The link itself was switched, to what lies beside; or the old one was kept under a longer name.
  return links.at(-1)?.path === named || (other.startsWith(name) && BESIDE.test(other.slice(name.length)));
}

function nameOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
