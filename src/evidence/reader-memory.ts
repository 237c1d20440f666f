/** A few bytes of the memory of a process through `dd`: reading them takes a lock that a process in trouble may hold for ever. */
import type { Children } from './reader-child.ts';
import { type Reply, refuse, silence } from './reader-parts.ts';

export interface MemoryRange {
  /** Decimal. */
  address: string;
  /** Bytes. */
  length: number;
}

/** So many at once: each is a child of its own. */
const AT_ONCE = 8;

/** In the order of `ranges`; fewer bytes than asked for where no more memory follows, and EIO where there is none. */
export async function readMemory(children: Children, program: string | undefined, pid: number, ranges: readonly MemoryRange[], until: number): Promise<Reply<Buffer>[]> {
  if (program === undefined) return refuse(ranges.length, 'ENOREADER');
  const replies: Reply<Buffer>[] = [];
  for (let from = 0; from < ranges.length; from += AT_ONCE) {
    replies.push(...(await Promise.all(ranges.slice(from, from + AT_ONCE).map((range) => readRange(children, program, pid, range, until)))));
  }
  return replies;
}

async function readRange(children: Children, program: string, pid: number, { address, length }: MemoryRange, until: number): Promise<Reply<Buffer>> {
  // Above 2^63 is the kernel's half, and lseek takes no such offset.
  if (!/^\d{1,19}$/.test(address) || BigInt(address) >= 2n ** 63n) return { errno: 'EIO' };
  const run = await children.run(program, [`if=/proc/${pid}/mem`, 'bs=4096', 'iflag=skip_bytes,count_bytes', `skip=${address}`, `count=${length}`], { LC_ALL: 'C' }, until);
  if (run.ended === 'failed') return { errno: 'ENOREADER' };
  if (run.ended !== 'done') return { errno: silence(children) };
  if (run.output.length > 0) return { value: Buffer.from(run.output, 'latin1') };
  return { errno: /Permission denied|Operation not permitted/.test(run.errors) ? 'EACCES' : /No such file|No such process/.test(run.errors) ? 'ESRCH' : 'EIO' };
}
