/** Is a file a log of strace? For commands that take other files as well. */
import { isRegularLog, openLogFile } from '../evidence/index.ts';
import { openReaders } from './read/logs.ts';
import { recognise } from './read/recognise.ts';

/** By its beginning; false for what cannot be read. */
export async function isStraceLog(name: string, signal: AbortSignal): Promise<boolean> {
  if (!isRegularLog(name)) return false;
  try {
    const input = await openLogFile(name);
    try {
      const { samples } = await openReaders([input], signal);
      return recognise(samples, false).problem === undefined;
    } finally {
      input.close();
    }
  } catch {
    return false;
  }
}
