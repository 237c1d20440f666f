import type { Errno, Evidence } from '../evidence/types.ts';
import { errnoWords } from './coverage.ts';
import { UserError } from './user-error.ts';

/** Can we, or can the whole host, open nothing more? Then an answer that is missing says nothing of what was asked for. */
export function isOutOfDescriptors(errno: Errno | undefined): boolean {
  return errno === 'EMFILE' || errno === 'ENFILE';
}

/** Throws UserError (exit 3) when we cannot open a file that is always there: every search would come back empty. */
export function refuseWithoutDescriptors(evidence: Evidence): void {
  const { errno } = evidence.read('/proc/self/stat');
  if (errno !== undefined && isOutOfDescriptors(errno)) throw new UserError(errnoWords(errno), { exitCode: 3 });
}
