/** A saved answer of heap?debug=1 or /debug/vars, packed or not. */
import { gunzipSync } from 'node:zlib';
import type { CommandContext } from '../../command.ts';
import { type OpenedInput, openInput, streamInput } from '../../evidence/index.ts';

const MOST_BYTES = 256 * 1024 * 1024;

/** @param path `-` is standard input @returns its text, or why there is none, in words */
export async function readSaved(path: string, { stdin, signal }: Pick<CommandContext, 'stdin' | 'signal'>): Promise<{ text: string } | { problem: string }> {
  const opened: OpenedInput = path === '-' ? { input: streamInput(stdin(), signal) } : openInput(path);
  if (opened.problem !== undefined) return { problem: opened.problem };
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of opened.input.chunks) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return { problem: 'has more than 256 MiB' };
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  if (whole[0] !== 0x1f || whole[1] !== 0x8b) return { text: whole.toString('utf8') };
  try {
    return { text: gunzipSync(whole, { maxOutputLength: MOST_BYTES }).toString('utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problem: code === 'ERR_BUFFER_TOO_LARGE' ? 'unpacks to more than 256 MiB' : 'is packed, and damaged or cut' };
  }
}
