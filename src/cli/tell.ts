let isGuarded = false;

/** Writes to stderr, for people. Nobody reading it any more, or no room for it, is no fault: it changes no exit code. */
export function tell(text: string): void {
  // Only now: most runs have nothing to say, and need no stream.
  if (!isGuarded) process.stderr.on('error', () => undefined);
  isGuarded = true;
  process.stderr.write(text);
}
