import type { Readable } from 'node:stream';
import { readInputFile, readInputStream } from '../evidence/index.ts';
import { UserError } from './user-error.ts';

/** What a user gave us to read. */
export interface UserInput {
  text: string;
  /** For messages: the path as typed, or `stdin`. */
  name: string;
}

/**
 * The text of a file, or of stdin for `-`, as UTF-8; at most 512 MiB.
 * @param signal ends the waiting for stdin
 * @throws UserError (exit 2), the name in front, for what cannot be read or is no regular file
 */
export async function readUserInput(path: string, stdin: () => Readable, signal: AbortSignal): Promise<UserInput> {
  const name = path === '-' ? 'stdin' : path;
  const input = path === '-' ? await readInputStream(stdin(), signal) : await readInputFile(path);
  if (input.text === undefined) throw new UserError(`${name}: ${input.problem}`);
  return { text: input.text, name };
}
