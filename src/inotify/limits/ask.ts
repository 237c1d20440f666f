/** The question about limits as others may put it: who has how much, and what is wrong with that. */
import type { Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../../kernel/coverage.ts';
import { type InotifyUsers, readInotifyUsers } from '../../kernel/inotify-users/index.ts';
import { noteKernel, noteSeen } from './coverage.ts';

export interface UserQuestion {
  evidence: Evidence;
  signal: AbortSignal;
  rerun: string;
  isRoot: boolean;
  /** This user, or the one of this process, instead of the one we are. */
  of?: { uid: number } | { pid: number };
  /** See whether so many instances are left by making them for a moment, where what is seen does not tell. */
  tryInstances?: number;
  /** All users are meant: then what may not be looked at is missing from the answer. */
  everybody: boolean;
}

/** Undefined where the kernel has no such limits, or we cannot tell who we are: the coverage says which. */
export async function askUser(question: UserQuestion, coverage: CoverageLog): Promise<InotifyUsers | undefined> {
  const { evidence, signal, of, tryInstances } = question;
  if (!noteKernel(evidence, coverage)) return undefined;
  const users = await readInotifyUsers(evidence, { signal, ...(of && { of }), ...(tryInstances !== undefined && { tryInstances }) });
  if (!users) {
    coverage.note({ source: 'own user', status: 'absent', detail: '/proc/self/status or /proc/self/ns/user could not be read', needed: true });
    return undefined;
  }
  noteSeen(users, question, coverage);
  return users;
}
