import type { Duplex } from 'node:stream';

/** Carries bytes both ways between a stream and our standard streams until either ends. */
export function relayStreams(stream: Duplex): void {
  const { stdin, stdout } = process;
  const end = (): void => {
    stream.destroy();
    stdin.destroy();
  };
  stream.on('error', end).on('close', end);
  stdout.on('error', end);
  stdin.on('error', end).on('end', end);
  stdin.pipe(stream);
  stream.pipe(stdout, { end: false });
}
