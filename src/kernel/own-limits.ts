import type { Errno, Evidence } from '../evidence/types.ts';
import { errnoWords } from './coverage.ts';
import { UserError } from './user-error.ts';

/** Can we, or can the whole host, open nothing more? Then an answer that is missing says nothing of what was asked for. */
export function isOutOfDescriptors(errno: Errno | undefined): boolean {
  return errno === 'EMFILE' || errno === 'ENFILE';
}

/** Throws UserError (exit 3) when we cannot open a file that is always there, out of descriptors or without /proc: every search would come back empty. */
export function refuseWithoutProc(evidence: Evidence): void {
  const { errno } = evidence.read('/proc/self/stat');
  if (errno === undefined) return;
  if (isOutOfDescriptors(errno)) throw new UserError(errnoWords(errno), { exitCode: 3 });
  throw new UserError(`/proc cannot be read (/proc/self/stat: ${errno}): nothing is known of any process without it`, {
    exitCode: 3,
    hints: ['mount -t proc proc /proc   # as root'],
  });
}
