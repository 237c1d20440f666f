/**
 * A short stable name for "this fault of this thing", for baselines and for code scanning.
 * Digit runs are dropped (pids, ports, fd numbers, temp suffixes), so give it the structure of the subject, never a count.
 */
export function fingerprint(id: string, ...structure: string[]): string {
  const text = [id, ...structure.map((part) => part.replace(/[0-9]+/g, '*'))].join('\0');
  // Most looks find nothing: the module is loaded with the first finding.
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, 16);
}
