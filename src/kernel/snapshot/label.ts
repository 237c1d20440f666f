import { decodeText } from '../text.ts';
import type { Process } from '../types.ts';

/** `nginx (pid 42)`, `unit nginx.service (5 processes)`; `fallback` when none could be read. */
export function labelOf(processes: readonly Process[], name: string, fallback = ''): string {
  const [first] = processes;
  if (!first) return name || fallback;
  if (processes.length > 1) return `${name || decodeText(first.comm).text} (${processes.length} processes)`;
  return `${decodeText(first.comm).text} (pid ${first.pid})`;
}
