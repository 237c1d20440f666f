/** What is watched through a descriptor and has a name nowhere: pipes, sockets, memory files. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import type { LinkTable } from '../../kernel/fd-links.ts';
import { deviceOf } from './fdinfo.ts';
import type { Watch } from './model.ts';

/** What a descriptor of a process points at. */
export interface HeldLink {
  fd: number;
  link: ByteString;
}

/** Descriptors that are asked about. */
const MOST = 256;
/** What the kernel mounts for itself (fs/pipe.c, net/socket.c, mm/shmem.c), and nobody can see. */
const NAMELESS = /^(?:pipe|socket|anon_inode):|^\/(?:memfd|anon_hugepage|SYSV)/;
const DELETED = / \(deleted\)$/;

/** One by one: a table may hold very many, and mostly nobody asks. */
export function* heldIn(tables: readonly LinkTable[]): Generator<HeldLink> {
  for (const { numbers, links } of tables) {
    for (const fd of numbers) {
      const link = links.get(fd);
      if (link !== undefined) yield { fd, link };
    }
  }
}

/** Watches of file systems that are mounted nowhere, by what the process itself holds open there: as long as it does, they live. */
export async function resolveHeld(evidence: Pick<Evidence, 'statSlow'>, watches: readonly Watch[], pid: number, held: Iterable<HeldLink>): Promise<void> {
  const lost = watches.filter(({ path, fsType }) => path === undefined && fsType === undefined);
  if (lost.length === 0) return;
  const likely = [...held].filter(({ link }) => NAMELESS.test(link)).slice(0, MOST);
  if (likely.length === 0) return;
  const answers = await evidence.statSlow(`/proc/${pid}/fd`, likely.map(({ fd }) => String(fd)));
  for (const [index, { link }] of likely.entries()) {
    const stat = answers[index]?.value;
    if (!stat) continue;
    const { major, minor } = deviceOf(stat.dev);
    for (const watch of lost) {
      if (watch.ino !== stat.ino || watch.major !== major || watch.minor !== minor) continue;
      Object.assign(watch, { path: link.replace(DELETED, ''), by: 'descriptor', state: 'ok', what: 'file' } satisfies Partial<Watch>);
    }
  }
}
