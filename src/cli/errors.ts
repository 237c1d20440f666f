/** What a failed run says on stderr, and its exit code. */
import { isOutOfDescriptors } from '../evidence/index.ts';
import { errnoWords } from '../kernel/coverage.ts';
import { UserError } from '../kernel/user-error.ts';
import { OutputFileError, visible } from '../render/index.ts';
import { tell } from './tell.ts';

interface CommanderErrorLike {
  code: string;
  exitCode: number;
}

/** Says what went wrong and returns the exit code. */
export function report(error: unknown): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UserError) {
    const hints = error.hints.map((hint) => `  ${visible(hint)}\n`).join('');
    tell(`reloadctl: ${visible(error.message)}\n${hints}`);
    return error.exitCode;
  }
  if (error instanceof OutputFileError || isTapeError(error)) {
    tell(`reloadctl: ${visible(error.message)}\n`);
    return 2;
  }
  // A module, a tape or an output file; what could not be read of the target is coverage, no error.
  if (isOutOfDescriptors(error)) {
    tell(`reloadctl: ${errnoWords(error.code)}\n`);
    return 3;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell(`reloadctl: this is a bug in reloadctl, please report it with this trace:\n${trace}\n`);
  return 2;
}

/** commander's own message has been printed by then. Told by shape: its class lives in a chunk of its own. */
function isCommanderError(error: unknown): error is CommanderErrorLike {
  return error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.');
}

function isTapeError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'TapeError';
}
