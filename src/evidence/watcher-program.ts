/** Tells a watching program by what it runs and what it could load. Only public names come out: nothing of it needs a pseudonym. */
import type { Answer, ByteString, WatcherProgram } from './types.ts';

/** What is asked of the world for it. */
export interface ProgramQuestions {
  readlink(path: string): Answer<ByteString>;
  readSlow(paths: readonly string[]): Promise<Answer<ByteString>[]>;
  /** A small file as the process sees it; undefined when it cannot be had. */
  readFile(path: ByteString): ByteString | undefined;
  /** mountinfo of the process; empty when it cannot be had. */
  mounts(): ByteString;
  /** A part of the executable; undefined when it cannot be had. */
  readExe(offset: number, length: number): ByteString | undefined;
  /** Where a symbolic link of the process leads; undefined when it is none. */
  linkAt(path: ByteString): ByteString | undefined;
}

type Package = WatcherProgram['packages'][number];

const RUNTIMES: readonly (readonly [RegExp, string])[] = [
  [/^node(?:js)?\d*$/, 'node'],
  [/^bunx?$/, 'bun'],
  [/^deno$/, 'deno'],
  [/^python[\d.]*$/, 'python'],
  [/^inotifywait$/, 'inotifywait'],
  [/^inotifywatch$/, 'inotifywatch'],
  [/^tail$/, 'tail'],
  [/^systemd(?:-.+)?$/, 'systemd'],
  [/^(?:systemd-)?udevd$/, 'udev'],
  [/^dbus-(?:daemon|broker.*)$/, 'dbus'],
  [/^watchman$/, 'watchman'],
  [/^(?:java|ruby|perl|php[\d.]*|nginx|crond?|rsyslogd)$/, ''],
];
/** Where the heap of a Go program begins (runtime/malloc.go), before Go 1.26 put it anywhere: 0xc000000000, on arm64 0x4000000000. */
const GO_HEAP = /^(?:c000000000|4000000000)-[0-9a-f]+ rw-p /m;
/** What every Go program has at the begin of its data, or of what is made read-only after the start (debug/buildinfo). */
const GO_MAGIC = '\xff Go buildinf:';
const DATA_MAPPING = /^[0-9a-f]+-[0-9a-f]+ r[w-]-p ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) \d+ +(.+)$/gm;
/** Without a disk of their own, and of this host all the same: reading from others could block. */
const LOCAL_WITHOUT_DISK = ' - (?:overlay|tmpfs|ramfs|btrfs|zfs|bcachefs) ';
const MOST_MAPPINGS = 4;
const MAGIC_WITHIN = 64 * 1024;
const WATCHING_PACKAGES = ['chokidar', '@parcel/watcher', 'watchpack', 'nodemon', 'tsx'];
const WATCHING_WORDS: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)nodemon(?:\/|\.m?js$|$)/, 'nodemon'],
  [/(?:^|\/)tsx(?:\/|\.[cm]?js$|$)/, 'tsx'],
  [/^--watch(?:=|-path|-preserve|$)/, '--watch'],
  [/^--hot$/, '--hot'],
];
const MOST_PARENTS = 12;

/** Throws nothing: what cannot be read is left out. The errno is that of the cmdline when even exe is unknown. */
export async function describeProgram(pid: number, ask: ProgramQuestions): Promise<Pick<Answer<WatcherProgram>, 'value' | 'errno'>> {
  const exe = ask.readlink(`/proc/${pid}/exe`);
  const [cmdline, maps] = await ask.readSlow([`/proc/${pid}/cmdline`, `/proc/${pid}/maps`]);
  if (exe.value === undefined && cmdline?.value === undefined) return { errno: exe.errno ?? 'EIO' };
  const args = cmdline?.value?.split('\0') ?? [];
  const mapped = maps?.value ?? '';
  const runtime = runtimeOf(exe.value, args[0] ?? '', mapped, ask);
  const words = WATCHING_WORDS.filter(([pattern]) => args.slice(1).some((arg) => pattern.test(arg))).map(([, word]) => word);
  const hasPackages = runtime === 'node' || runtime === 'bun' || runtime === 'deno';
  const packages = hasPackages ? packagesOf(pid, args, mapped, ask) : [];
  return { value: { ...(runtime !== undefined && { runtime }), words, packages } };
}

function runtimeOf(exe: ByteString | undefined, command: ByteString, maps: ByteString, ask: ProgramQuestions): string | undefined {
  const name = baseName((exe ?? command).replace(/ \(deleted\)$/, ''));
  const known = RUNTIMES.find(([pattern]) => pattern.test(name))?.[1];
  if (known !== undefined) return known || undefined;
  return GO_HEAP.test(maps) || hasGoMagic(exe, maps, ask) ? 'go' : undefined;
}

function hasGoMagic(exe: ByteString | undefined, maps: ByteString, ask: ProgramQuestions): boolean {
  const own = [...maps.matchAll(DATA_MAPPING)].filter(([, , , , path]) => path === exe);
  const offsets = own.filter(([, , major, minor]) => isLocal(Number.parseInt(major!, 16), Number.parseInt(minor!, 16), ask)).map(([, offset]) => Number.parseInt(offset!, 16));
  return offsets.slice(0, MOST_MAPPINGS).some((offset) => ask.readExe(offset, MAGIC_WITHIN)?.includes(GO_MAGIC));
}

function isLocal(major: number, minor: number, ask: ProgramQuestions): boolean {
  return major !== 0 || new RegExp(`^\\d+ \\d+ 0:${minor} .*${LOCAL_WITHOUT_DISK}`, 'm').test(ask.mounts());
}

/** From the directory of the script, and from the working directory, upwards, as the module loader goes. */
function packagesOf(pid: number, args: readonly string[], maps: ByteString, ask: ProgramQuestions): Package[] {
  const root = ask.readlink(`/proc/${pid}/root`).value ?? '/';
  const cwd = below(ask.readlink(`/proc/${pid}/cwd`).value ?? '/', root);
  const script = args.slice(1).find((arg) => arg !== '' && !arg.startsWith('-'));
  const starts = [cwd];
  if (script !== undefined) {
    const path = script.startsWith('/') ? script : `${cwd}/${script}`;
    const real = ask.linkAt(path);
    starts.unshift(parentOf(path), ...(real === undefined ? [] : [parentOf(real.startsWith('/') ? real : normal(`${parentOf(path)}/${real}`))]));
  }
  return WATCHING_PACKAGES.flatMap((name) => {
    const version = versionOf(name, starts, ask);
    if (version === undefined) return [];
    const isLoaded = new RegExp(`/node_modules/(?:.*/)?${name}(?:-[a-z0-9-]+)?/[^\\n]*\\.node`).test(maps);
    return [{ name, version, ...(isLoaded && { loaded: true }) }];
  });
}

function versionOf(name: string, starts: readonly ByteString[], ask: ProgramQuestions): string | undefined {
  for (const start of starts) {
    let directory = normal(start);
    for (let up = 0; up < MOST_PARENTS; up++) {
      const at = `${directory === '/' ? '' : directory}/node_modules/${name}`;
      const link = ask.linkAt(at);
      const real = link === undefined ? at : link.startsWith('/') ? link : normal(`${parentOf(at)}/${link}`);
      const version = versionIn(ask.readFile(`${real}/package.json`));
      if (version !== undefined) return version;
      if (directory === '/') break;
      directory = parentOf(directory);
    }
  }
  return undefined;
}

function versionIn(text: ByteString | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === 'string' && /^\d+\.\d+\.[\w.+-]+$/.test(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

function below(path: ByteString, root: ByteString): ByteString {
  return root !== '/' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
}

function baseName(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** An absolute path without `.`, `..` and empty parts. */
function normal(path: ByteString): ByteString {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
