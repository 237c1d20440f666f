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
const WATCHING_PACKAGES = ['chokidar', '@parcel/watcher', 'watchpack', 'nodemon', 'tsx', 'webpack', 'vite'];
/** Scripts that are watchers: by the file itself or the package it is in, not by a directory further up. */
const WATCHING_SCRIPTS: readonly (readonly [RegExp, string])[] = ['nodemon', 'tsx', 'webpack', 'vite'].map((name) => [
  new RegExp(`(?:^|/)(?:node_modules/${name}(?:-cli)?/|${name}(?:\\.[cm]?js)?$)`),
  name,
]);
const WATCHING_OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/^--watch(?:=|-path|-preserve|$)/, '--watch'],
  [/^--hot$/, '--hot'],
];
/** The native part of watchfiles for Python, which uvicorn and others watch with. */
const WATCHFILES = /\/watchfiles\/_rust_notify[^/\n]*\.so/;
/** Options of Node whose value is an argument of its own. */
const WITH_VALUE = /^(?:-r|--require|--import|--(?:experimental-)?loader|-C|--conditions|--env-file|--watch-path|--title|--input-type|--inspect-port)$/;
const MOST_PARENTS = 12;

/** Throws nothing: what cannot be read is left out. The errno is that of the cmdline when even exe is unknown. */
export async function describeProgram(pid: number, ask: ProgramQuestions): Promise<Pick<Answer<WatcherProgram>, 'value' | 'errno'>> {
  const exe = ask.readlink(`/proc/${pid}/exe`);
  const [cmdline, maps] = await ask.readSlow([`/proc/${pid}/cmdline`, `/proc/${pid}/maps`]);
  if (exe.value === undefined && cmdline?.value === undefined) return { errno: exe.errno ?? 'EIO' };
  const args = cmdline?.value?.split('\0') ?? [];
  const mapped = maps?.value ?? '';
  const runtime = runtimeOf(exe.value, args[0] ?? '', mapped, ask);
  const { options, script } = splitArguments(args, runtime);
  const words = [
    ...WATCHING_SCRIPTS.filter(([pattern]) => script !== undefined && pattern.test(script)),
    ...WATCHING_OPTIONS.filter(([pattern]) => options.some((option) => pattern.test(option))),
  ].map(([, word]) => word);
  if (runtime === 'python' && WATCHFILES.test(mapped)) words.push('watchfiles');
  const hasPackages = runtime === 'node' || runtime === 'bun' || runtime === 'deno';
  const packages = hasPackages ? packagesOf(pid, script, mapped, ask) : [];
  return { value: { ...(runtime !== undefined && { runtime }), words, packages } };
}

/** What is behind the script is the script's own. Bun has commands in front of it, as in `bun run --watch main.ts`. */
function splitArguments(args: readonly string[], runtime: string | undefined): { options: string[]; script: string | undefined } {
  const options: string[] = [];
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (WITH_VALUE.test(arg)) at++;
    if (arg.startsWith('-')) options.push(arg);
    else if (arg !== '' && !(runtime === 'bun' && arg === 'run')) return { options, script: arg };
  }
  return { options, script: undefined };
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
/** File systems that may ask another host or a program, which may not answer. */
const ASKS_OTHERS = /^(?:nfs|cifs|smb|9p$|virtiofs$|ceph$|afs$|lustre$|gluster|fuse(?:\.|$)|vboxsf$|prl_fs$|autofs$)/;

/** May a question about this path block? By all mount points above it. */
function mayBlock(path: ByteString, mounts: ByteString): boolean {
  return mounts.split('\n').some((line) => {
    const at = line.split(' ')[4]?.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const type = /^[^ ]+/.exec(line.slice(line.indexOf(' - ') + 3))?.[0] ?? '';
    return at !== undefined && ASKS_OTHERS.test(type) && (path === at || path.startsWith(at === '/' ? '/' : `${at}/`));
  });
}

function packagesOf(pid: number, script: string | undefined, maps: ByteString, ask: ProgramQuestions): Package[] {
  const root = ask.readlink(`/proc/${pid}/root`).value ?? '/';
  const cwd = below(ask.readlink(`/proc/${pid}/cwd`).value ?? '/', root);
  const starts = [cwd];
  if (script !== undefined) {
    const path = script.startsWith('/') ? script : `${cwd}/${script}`;
    const real = mayBlock(path, ask.mounts()) ? undefined : ask.linkAt(path);
    starts.unshift(parentOf(path), ...(real === undefined ? [] : [parentOf(real.startsWith('/') ? real : normal(`${parentOf(path)}/${real}`))]));
  }
  const mounts = ask.mounts();
  const local = starts.filter((start) => !mayBlock(normal(start), mounts));
  return WATCHING_PACKAGES.flatMap((name) => {
    const version = versionOf(name, local, ask);
    if (version === undefined) return [];
    const isLoaded = new RegExp(`/node_modules/(?:.*/)?${name}(?:-[a-z0-9-]+)?/[^\\n]*\\.node`).test(maps);
    return [{ name, version, ...(isLoaded && { loaded: true }) }];
  });
}

function versionOf(name: string, starts: readonly ByteString[], ask: ProgramQuestions): string | undefined {
  for (const start of starts) {
    let directory = normal(start);
    for (let up = 0; up < MOST_PARENTS; up++) {
      const modules = realOf(`${directory === '/' ? '' : directory}/node_modules`, ask);
      const version = versionIn(ask.readFile(`${realOf(`${modules}/${name}`, ask)}/package.json`));
      if (version !== undefined) return version;
      if (directory === '/') break;
      directory = parentOf(directory);
    }
  }
  return undefined;
}

/** Package managers make links of packages, people of whole folders. */
function realOf(path: ByteString, ask: ProgramQuestions): ByteString {
  const link = ask.linkAt(path);
  return link === undefined ? path : link.startsWith('/') ? link : normal(`${parentOf(path)}/${link}`);
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
