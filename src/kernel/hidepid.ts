import type { Evidence } from '../evidence/types.ts';
import { parseMountOptions } from './proc/mountinfo.ts';
import { decodeText } from './text.ts';

/** The option by which /proc hides processes of other users (fs/proc/root.c): `hidepid=2`, `hidepid=invisible`. Undefined without one. */
export function hidepidOption(evidence: Evidence): string | undefined {
  const proc = parseMountOptions(evidence.read('/proc/self/mountinfo').value ?? '', '/proc');
  const option = proc?.superOptions.find((text) => /^hidepid=(?!0$|off$)/.test(text));
  return option === undefined ? undefined : decodeText(option).text;
}

/**
 * The same when it hides something from us: CAP_SYS_PTRACE and the group of `gid=` see through it. Process 1 is the sign,
 * which is root's nearly everywhere.
 */
export function whatHides(evidence: Evidence): string | undefined {
  const option = hidepidOption(evidence);
  return option !== undefined && evidence.read('/proc/1/stat').value === undefined ? option : undefined;
}
