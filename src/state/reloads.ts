/**
 * Which reloads were done, from one run of ours to the next: `$XDG_STATE_HOME/reloadctl/reloads.jsonl` (XDG Base Directory
 * Specification 0.8; ~/.local/state where it is not set), one JSON object a line, only ever appended to.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../kernel/user-error.ts';

export interface ReloadEntry {
  /** RFC 3339, UTC: when it was done. */
  at: string;
  by: 'drill' | 'gate';
  /** The name or the URL it was done to. */
  target: string;
  /** Of the policy; null where none was named. */
  module: string | null;
}

export interface ReloadsRead {
  file: string;
  /** In the order they were noted. */
  entries: ReloadEntry[];
  /** Lines that are none of ours, or cut. */
  damaged: number;
  /** Why it could not be read, as an errno; a file that is not there holds no reload. */
  errno?: string;
}

/** What is older lies before it, and no cool-down lasts so long. */
const MOST_BYTES = 1024 * 1024;
const VERSION = 1;

type Environment = Readonly<Record<string, string | undefined>>;

/** A path that is not absolute is to be ignored, says the specification. */
function fileOf({ XDG_STATE_HOME: state, HOME: home }: Environment): string {
  const folder = state !== undefined && isAbsolute(state) ? state : join(home !== undefined && isAbsolute(home) ? home : homedir(), '.local/state');
  return join(folder, 'reloadctl/reloads.jsonl');
}

/** Appends one line by one write, so that two at once do not mix. Returns the file. @throws UserError (exit 3) where it cannot be written */
export function recordReload({ at, by, target, module }: ReloadEntry, env: Environment): string {
  const file = fileOf(env);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const fd = openSync(file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      // What was cut by a full disk must not take the next line with it.
      writeSync(fd, `${endsWithLine(fd) ? '' : '\n'}${JSON.stringify({ v: VERSION, at, by, target, module })}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new UserError(`${file}: the reload cannot be noted (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`, { exitCode: 3, hints: ['XDG_STATE_HOME names another folder for it'] });
  }
  return file;
}

function endsWithLine(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size === 0 || readSync(fd, last, 0, 1, size - 1) === 0 || last[0] === 10;
}

/** Never throws for what is in it, or is not there. */
export function readReloads(env: Environment): ReloadsRead {
  const file = fileOf(env);
  let text: string;
  try {
    text = lastOf(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { file, entries: [], damaged: 0, ...(code !== 'ENOENT' && { errno: code ?? 'EIO' }) };
  }
  const entries: ReloadEntry[] = [];
  let damaged = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const entry = parseEntry(line);
    if (entry) entries.push(entry);
    else damaged++;
  }
  return { file, entries, damaged };
}

function lastOf(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) throw Object.assign(new Error('no file'), { code: 'EINVAL' });
    const from = Math.max(0, status.size - MOST_BYTES);
    const bytes = Buffer.alloc(status.size - from);
    const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, from));
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    closeSync(fd);
  }
}

function parseEntry(line: string): ReloadEntry | undefined {
  try {
    const { v, at, by, target, module } = JSON.parse(line) as Record<string, unknown>;
    if (v !== VERSION || typeof at !== 'string' || Number.isNaN(Date.parse(at)) || (by !== 'drill' && by !== 'gate') || typeof target !== 'string') return undefined;
    if (module !== null && typeof module !== 'string') return undefined;
    return { at, by, target, module };
  } catch {
    return undefined;
  }
}
