/** Output that is refused, cannot be made or cannot be written: a message for the user, `FILE: what`; exit 2. */
export class OutputFileError extends Error {
  override readonly name = 'OutputFileError';
}

const WORDS: Record<string, string> = {
  ENOSPC: 'no space left on its device (ENOSPC)',
  EDQUOT: 'the disk quota is used up (EDQUOT)',
  EACCES: 'not permitted (EACCES)',
  EPERM: 'not permitted (EPERM)',
  EROFS: 'its file system is read-only (EROFS)',
  ENOENT: 'its folder does not exist (ENOENT)',
  ENOTDIR: 'its folder is none (ENOTDIR)',
  ENXIO: 'nobody reads this pipe: start its reader first (ENXIO)',
};

/**
 * What the system said of output to `name` (a path, or `stdout`) as an OutputFileError; an error that is none of the system's
 * is a bug of ours and stays what it is.
 */
export function asOutputError(name: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  // Our own want of descriptors says nothing of the file, and is told as such.
  if (error instanceof OutputFileError || code === undefined || code.startsWith('ERR_') || code === 'EMFILE' || code === 'ENFILE') return error;
  return new OutputFileError(`${name}: cannot be written: ${WORDS[code] ?? code}`, { cause: error });
}
