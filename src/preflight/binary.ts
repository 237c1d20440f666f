/** What would be started: argv[0], resolved as the program itself would, against what runs. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { resolveInRoot } from '../kernel/in-root.ts';
import { parseEnviron } from '../kernel/proc/environ.ts';
import type { Process } from '../kernel/types.ts';
import type { Binary } from './model.ts';
import { firstArgument, type KnownProgram } from './programs.ts';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const ANY_EXEC = 0o111;
const DELETED = ' (deleted)';
/** execvp(3) without PATH in the environment. */
const DEFAULT_PATH = '/bin:/usr/bin';

export async function readBinary(evidence: Evidence, process: Process, program: KnownProgram | undefined, coverage: CoverageLog): Promise<Binary> {
  const { pid } = process;
  const [cmdline, environ] = await evidence.readSlow([`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const [exeStat] = await evidence.statSlow(`/proc/${pid}`, ['exe']);
  const cwd = evidence.readlink(`/proc/${pid}/cwd`);
  for (const { source, errno } of [cmdline!, cwd]) {
    if (errno !== undefined) coverage.note({ source: 'how it was started', status: statusOf(errno), detail: `${source}: ${errnoWords(errno)}`, needed: true });
  }
  const argument = firstArgument(cmdline?.value ?? '', process.exe);
  const base: Binary = { by: 'unknown', ...(argument !== undefined && { argument }), ...(cwd.value !== undefined && { cwd: cwd.value }), ...(process.exe !== undefined && { exe: process.exe }) };
  if (argument === undefined) {
    if (cmdline?.value !== undefined) coverage.note({ source: 'argv[0]', status: 'partial', detail: 'the program has written a title over its arguments: what it would start is not told', needed: false });
    return base;
  }
  // Where it is known that nobody looks there, it is not asked.
  const inPath = argument.includes('/') || program?.search === 'none' ? undefined : findInPath(evidence, pid, argument, parseEnviron(environ?.value ?? '').get('PATH'), cwd.value);
  const isSearched = !argument.includes('/') && program?.search === 'path';
  const by = argument.includes('/') ? 'path' : isSearched ? 'search' : 'cwd';
  const path = by === 'search' ? inPath : absolute(argument, cwd.value);
  const found = path === undefined ? undefined : resolveInRoot(evidence.inotify, pid, path);
  if (found?.errno !== undefined && found.errno !== 'ENOENT' && found.errno !== 'ENOTDIR' && found.errno !== 'ELOOP') {
    coverage.note({ source: 'the binary', status: statusOf(found.errno), detail: `${found.path}: ${errnoWords(found.errno)}`, needed: true });
  }
  const stat = found?.stat;
  const running = exeStat?.value;
  return {
    ...base,
    by,
    ...(found && { found }),
    ...(inPath !== undefined && { inPath }),
    ...(stat && { executable: (stat.mode & S_IFMT) === S_IFREG && (stat.mode & ANY_EXEC) !== 0 }),
    ...(stat && running && { same: stat.dev === running.dev && stat.ino === running.ino }),
  };
}

/** Undefined for a name relative to a working directory that is gone or unknown. */
function absolute(argument: ByteString, cwd: ByteString | undefined): ByteString | undefined {
  if (argument.startsWith('/')) return argument;
  return cwd === undefined || cwd.endsWith(DELETED) ? undefined : `${cwd === '/' ? '' : cwd}/${argument}`;
}

function findInPath(evidence: Evidence, pid: number, name: ByteString, path = DEFAULT_PATH, cwd?: ByteString): ByteString | undefined {
  // Without a slash it is none: a tape has a pseudonym for it.
  if (!path.includes('/')) return undefined;
  for (const folder of path.split(':')) {
    const at = absolute(folder === '' ? name : `${folder}/${name}`, cwd);
    const stat = at === undefined ? undefined : resolveInRoot(evidence.inotify, pid, at).stat;
    if (stat && (stat.mode & S_IFMT) === S_IFREG && (stat.mode & ANY_EXEC) !== 0) return at;
  }
  return undefined;
}
