/**
 * Sends a signal when a last look at the process, in the same breath, still permits it. `objection` must be synchronous and tell why
 * not to, or nothing. There is no atomic way: between that look and the signal lie some microseconds.
 * Returns the objection, or what the kernel refused (`ESRCH`, `EPERM`); undefined when it was sent.
 */
export function sendSignal(pid: number, name: NodeJS.Signals, objection: () => string | undefined): string | undefined {
  const why = objection();
  if (why !== undefined) return why;
  try {
    process.kill(pid, name);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}
