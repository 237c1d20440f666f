/** What the Go runtime does with a signal that it catches and the program did not ask for. */
import { signalName } from '../kernel/proc/signals.ts';

/** runtime/sigtab_linux_generic.go: _SigKill, _SigThrow and _SigPanic end it. */
const ENDS = new Set(['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'SEGV', 'TERM', 'STKFLT', 'SYS']);

export function goAction(number: number): 'ends' | 'nothing' {
  return ENDS.has(signalName(number)) ? 'ends' : 'nothing';
}
