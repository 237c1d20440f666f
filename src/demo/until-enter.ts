import type { Readable } from 'node:stream';

/** Resolves at the first line of `input`, at its end, or when `signal` comes; `input` then keeps nobody alive. */
export async function untilEnter(input: Readable, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    input.once('end', resolve).once('error', () => resolve());
    input.on('data', (chunk: Buffer | string) => {
      if (chunk.includes('\n')) resolve();
    });
  });
  input.destroy();
}
