/** Logs of other tools, so that their users are told which one it is instead of "not a log of strace". */
import type { ByteString } from '../../evidence/types.ts';

const TOOLS: readonly [name: string, lines: RegExp][] = [
  ['ltrace', /^(?:\[pid \d+\] |\d+ )?(?:[\d:.]+ )?(?:SYS_\w+\(|\w+@\w+\(|[\w.]+->\w+\(|__libc_start_main\()/],
  ['perf trace', /^\s+\d+\.\d+ \(\s*(?:\d+\.\d+ ms)?\s*\): \S+\/\d+ /],
  ['truss, ktrace or dtruss', /^(?:\d+[/:]\s*(?:\d+:\s+)?\w+\(.*\)\s+(?:= \S+|Err#\d+)|.*\)\s+Err#\d+|\s*\d+ \S+\s+(?:CALL|RET|NAMI|PSIN)\s)/],
  ['ftrace or trace-cmd', /^\s*\S.*-\d+\s+\[\d{3}\]\s.*\d+\.\d+: \w+/],
  ['bpftrace, or another tool that prints maps', /^(?:Attaching \d+ probes?\.\.\.|@\w*(?:\[.*\])?: )/],
  ['valgrind', /^==\d+== /],
  ['gdb', /^(?:\(gdb\) |GNU gdb )/],
  ['tcpdump', /^\d\d:\d\d:\d\d\.\d+ (?:IP6?|ARP)\b/],
];

/** The name of the tool most of these lines look like; undefined when none does. */
export function toolOf(lines: readonly ByteString[]): string | undefined {
  const shown = lines.filter((line) => line.trim() !== '');
  for (const [name, pattern] of TOOLS) {
    const hits = shown.filter((line) => pattern.test(line)).length;
    if (hits > 0 && hits * 4 >= shown.length) return name;
  }
  return undefined;
}

/** Bytes that no text holds. */
export function looksBinary(sample: ByteString): boolean {
  if (sample.includes('\0')) return true;
  let strange = 0;
  for (let i = 0; i < sample.length; i++) {
    const c = sample.charCodeAt(i);
    if (c < 32 && c !== 10 && c !== 13 && c !== 9 && c !== 27) strange++;
  }
  return strange * 20 > sample.length;
}
