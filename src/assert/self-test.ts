/** A negative control: a leak of our own, which must be seen the same way before the command is believed. */
import type { CommandContext } from '../command.ts';
import { type Coverage, runRules } from '../report/index.ts';
import { budgetsOf } from './budgets.ts';
import { hold } from './hold.ts';
import type { AssertOptions } from './options.ts';

/** Nine descriptors of one file, in the shell that is everywhere. */
const LEAKS = 'f=/etc/passwd; exec 3<$f 4<$f 5<$f 6<$f 7<$f 8<$f 9<$f';

export async function selfTest(options: AssertOptions, context: CommandContext): Promise<Coverage> {
  const { events } = await hold({ ...options, command: ['/bin/sh', '-c', LEAKS], timeoutMs: 10_000 }, budgetsOf({}), context);
  const isSeen = runRules(context.rules, events).some(({ id, severity }) => id === 'fd/open-at-exit' && severity === 'critical');
  return isSeen
    ? { source: 'self-test', status: 'ok', seen: 1, total: 1, needed: true }
    : { source: 'self-test', status: 'absent', seen: 0, total: 1, detail: 'a leak that was planted was not seen: nothing that is said of the command can be believed', needed: true };
}
