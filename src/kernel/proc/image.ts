/** Which run of a program a process belongs to: what fork keeps and exec makes anew. */
import type { ByteString } from '../../evidence/types.ts';

/** Fields 26 and 28 of /proc/PID/stat, kernel fs/proc/array.c do_task_stat, counted from field 3. */
const START_CODE = 23;
const START_STACK = 25;

/**
 * Equal for a process and what it forked, different after an exec: where the code and the first stack lie, which the kernel chooses
 * at random for each exec. Undefined where we may not see it (it prints 0 and 1 then), or where it is switched off the same as that.
 */
export function imageOf(stat: ByteString): string | undefined {
  const close = stat.lastIndexOf(')');
  const fields = close < 0 ? [] : stat.slice(close + 2).split(' ', START_STACK + 2);
  const code = fields[START_CODE];
  const stack = fields[START_STACK];
  // One more field tells that the last one is whole.
  if (fields.length < START_STACK + 2 || !/^\d{3,}$/.test(code ?? '') || !/^\d{3,}$/.test(stack ?? '')) return undefined;
  return `${code}:${stack}`;
}
