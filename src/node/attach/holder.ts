import type { Evidence } from '../../evidence/types.ts';
import { listPids } from '../../kernel/process.ts';
import { decodeText } from '../../kernel/text.ts';

/** `node (pid 42)`: who holds the socket of this inode, as far as we may see. */
export function holderOf(evidence: Evidence, inode: string): string {
  const link = `socket:[${inode}]`;
  for (const pid of listPids(evidence)) {
    for (const fd of evidence.list(`/proc/${pid}/fd`).value ?? []) {
      if (evidence.readlink(`/proc/${pid}/fd/${fd}`).value !== link) continue;
      return `${decodeText(evidence.read(`/proc/${pid}/comm`).value?.trimEnd() ?? '').text} (pid ${pid})`;
    }
  }
  return 'another process';
}
