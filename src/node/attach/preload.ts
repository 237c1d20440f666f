/** The control socket of reloadctl/register: found in the kernel's table, where no other process can put its name on it. */
import type { Evidence } from '../../evidence/types.ts';
import { readLinkTable } from '../../kernel/fd-links.ts';
import { scanUnix } from '../../kernel/proc/net-unix.ts';
import { decodeText } from '../../kernel/text.ts';
import type { GateFacts } from '../gate/index.ts';

const NAME = /\/reloadctl(?:-\d+)?\/node-\d+-\d+-[0-9a-f]+\.sock$/;
const NEVER = new AbortController().signal;

/** Its path; undefined where the process has none. The inode is in the table of the process, so it is its own. */
export async function registerSocketOf(evidence: Evidence, { pid }: Pick<GateFacts, 'pid'>): Promise<string | undefined> {
  const text = evidence.read(`/proc/${pid}/net/unix`).value ?? '';
  if (!text.includes('/node-')) return undefined;
  const named = new Map<string, string>();
  scanUnix(text, ({ inode, path, state }) => {
    if (path !== undefined && state === 'LISTEN' && NAME.test(path)) named.set(inode, path);
  }, () => true);
  if (named.size === 0) return undefined;
  const { links } = await readLinkTable(evidence, pid, NEVER);
  for (let index = 0; index < links.size; index++) {
    const path = named.get(links.socketInode(index) ?? '');
    if (path !== undefined) return decodeText(path).text;
  }
  return undefined;
}
