/** Which of the limits that a text may mean is reached by a process, as counted now. */
import type { CommandContext } from '../command.ts';
import { askUser, type Room, roomOf, settingOf } from '../inotify/index.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import type { InotifyUsers } from '../kernel/inotify-users/index.ts';
import { parseFileNr } from '../kernel/proc/file-nr.ts';
import { readProcess } from '../kernel/process.ts';
import type { Process } from '../kernel/types.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Limit } from './error-texts.ts';

export interface Candidate {
  limit: Limit;
  /** `fs.inotify.max_user_watches`, `RLIMIT_NOFILE`, ...; null for a disk. */
  setting: string | null;
  state: 'reached' | 'not reached' | 'unknown' | 'not measured';
  used: number | null;
  max: number | null;
}

export interface Measured {
  process: Process;
  users?: InotifyUsers;
  candidates: Candidate[];
}

const SETTINGS: Record<Limit, string | null> = {
  watches: 'fs.inotify.max_user_watches',
  instances: 'fs.inotify.max_user_instances',
  descriptors: 'RLIMIT_NOFILE',
  'host-files': 'fs.file-max',
  disk: null,
};

export function notMeasured(limits: readonly Limit[]): Candidate[] {
  return limits.map((limit) => ({ limit, setting: SETTINGS[limit], state: 'not measured', used: null, max: null }));
}

/** Throws UserError (exit 3) when there is no such process. */
export async function measure(limits: readonly Limit[], pid: number, context: CommandContext, coverage: CoverageLog): Promise<Measured> {
  const { evidence, signal, rerun, isRoot } = context;
  const process = readProcess(evidence, pid);
  if (!process) throw new UserError(`no process ${pid}`, { exitCode: 3, hints: ['the counts of now are no help once it is gone: leave --pid out'] });
  const asksUser = limits.includes('watches') || limits.includes('instances');
  const users = asksUser ? await askUser({ evidence, signal, rerun, isRoot, of: { pid }, everybody: false }, coverage) : undefined;
  const candidates = limits.map((limit): Candidate => {
    if (limit === 'watches' || limit === 'instances') return users ? ofUser(limit, users) : { ...unknown(limit) };
    if (limit === 'descriptors') return ofProcess(process);
    return limit === 'host-files' ? ofHost(evidence.read('/proc/sys/fs/file-nr').value ?? '') : { ...unknown(limit), state: 'not measured' };
  });
  return { process, ...(users && { users }), candidates };
}

function unknown(limit: Limit): Candidate {
  return { limit, setting: SETTINGS[limit], state: 'unknown', used: null, max: null };
}

function ofUser(limit: 'watches' | 'instances', { asked }: InotifyUsers): Candidate {
  const room: Room = roomOf(asked, limit);
  const { binding } = room;
  if (!binding) return unknown(limit);
  const { used, limit: max } = binding[limit];
  const state = room.left === 0 ? 'reached' : (room.leftAtLeast ?? 0) > 0 ? 'not reached' : 'unknown';
  return { limit, setting: settingOf(binding, limit), state, used, max };
}

function ofProcess({ open, limit, limitUnknown }: Process): Candidate {
  const { soft } = limit;
  if (open === null || limitUnknown) return unknown('descriptors');
  return { limit: 'descriptors', setting: SETTINGS.descriptors, state: soft !== null && open >= soft ? 'reached' : 'not reached', used: open, max: soft };
}

function ofHost(text: string): Candidate {
  const files = parseFileNr(text);
  if (!files) return unknown('host-files');
  return { limit: 'host-files', setting: SETTINGS['host-files'], state: files.allocated >= files.max ? 'reached' : 'not reached', used: files.allocated, max: files.max };
}
