import type { ByteString } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import type { FdInfo } from '../types.ts';
import { infoNumber, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface IoUringDetail {
  /** Links of its fixed files: open files that no descriptor table shows. Absent when the kernel did not list them. */
  fixed?: ByteString[];
  /** Slots of the table of fixed files, also empty ones. */
  slots?: number;
  /** Entries the program has queued and the kernel has not taken. */
  submissions?: number;
  /** Completions the program has not read. */
  completions?: number;
  /** Requests that wait for readiness. */
  polls?: number;
}

const NAMES_SHOWN = 10;
const COUNTER_RANGE = 2 ** 32;

/**
 * io_uring/fdinfo.c. The kernel only tries the mutex of the ring, but holds it while it prints, and the program waits then.
 * While the ring is busy newer kernels print nothing, older ones no fixed files.
 */
export const ioUring: Kind<IoUringDetail> = {
  name: 'io_uring',
  plural: 'io_uring rings',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:[io_uring]',
  decode: ({ info }) => (info ? detailOf(info) : {}),
  // Rings have had an inode of their own only in newer kernels.
  identity: (fd) => (fd.info?.ino === undefined ? weakIdentity(fd) : { id: `io_uring:${fd.info.ino}`, quality: 'weak' }),
  key: () => 'io_uring',
  attributes: ({ detail }) => ({
    fixedFiles: detail.fixed?.length,
    fixedSlots: detail.slots,
    fixedNames: detail.fixed?.length ? namesOf(detail.fixed) : undefined,
    submissions: detail.submissions,
    completions: detail.completions,
    polls: detail.polls,
  }),
  describe: ({ detail }) => {
    const fixed = detail.fixed === undefined ? 'an unknown number of' : detail.fixed.length;
    return `io_uring with ${fixed} fixed files, ${detail.polls ?? 'unknown'} polls, ${detail.completions ?? 'unknown'} completions unread`;
  },
};

function detailOf(info: FdInfo): IoUringDetail {
  const submissions = between(infoNumber(info, 'SqHead'), infoNumber(info, 'SqTail'));
  const completions = between(infoNumber(info, 'CqHead'), infoNumber(info, 'CqTail'));
  const slots = infoNumber(info, 'UserFiles');
  const fixed = slots === undefined ? undefined : fixedFiles(info.rest, slots);
  const polls = section(info.rest, 'PollList')?.filter((line) => line.startsWith('  op=')).length;
  return {
    ...(fixed && { fixed }),
    ...(slots !== undefined && { slots }),
    ...(submissions !== undefined && { submissions }),
    ...(completions !== undefined && { completions }),
    ...(polls !== undefined && { polls }),
  };
}

/** Head and tail count on for ever, in 32 bits. */
function between(head: number | undefined, tail: number | undefined): number | undefined {
  return head === undefined || tail === undefined ? undefined : (tail - head + COUNTER_RANGE) % COUNTER_RANGE;
}

/** Slots without a single line: the list was left out (older kernels, busy ring), or all are empty. */
function fixedFiles(rest: ByteString, slots: number): ByteString[] | undefined {
  const lines = (section(rest, 'UserFiles') ?? []).flatMap((line) => /^ *\d+: (.*)$/s.exec(line)?.[1] ?? []);
  if (slots > 0 && lines.length === 0) return undefined;
  return lines.filter((name) => name !== '<none>').map(unescaped);
}

/** Lines after `NAME:` up to the next heading, which has no space in front. */
function section(rest: ByteString, name: string): string[] | undefined {
  const lines = rest.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${name}:`));
  if (start < 0) return undefined;
  const end = lines.findIndex((line, index) => index > start && !line.startsWith(' '));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}

/** fs/seq_file.c mangle_path: space, tab, newline and backslash as three octal digits. */
function unescaped(name: ByteString): ByteString {
  return name.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function namesOf(fixed: readonly ByteString[]): string {
  const more = fixed.length > NAMES_SHOWN ? ` and ${fixed.length - NAMES_SHOWN} more` : '';
  return (
    fixed
      .slice(0, NAMES_SHOWN)
      .map((name) => decodeText(name).text)
      .join(', ') + more
  );
}
