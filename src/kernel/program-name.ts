/** What people call a program. */

/**
 * Node since 24 names its first thread, and so the process, by what it does; people know the program by its own name.
 * @param comm as the kernel has it
 * @param exe asked only then for the link /proc/PID/exe; undefined where it may not be read
 */
export function programName(comm: string, exe: () => string | undefined): string {
  if (!/^(?:node-)?MainThread$/.test(comm)) return comm;
  return exe()?.replace(/ \(deleted\)$/, '').replace(/^.*\//, '') ?? 'node';
}
