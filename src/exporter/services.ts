/** What processes are counted under: few names, that stay the same when processes come and go. */
import { programName } from '../kernel/program-name.ts';
import { parseCgroup } from '../kernel/proc/cgroup.ts';
import { decodeText } from '../kernel/text.ts';
import type { ByteString } from '../evidence/types.ts';

/** All that did not get a name of its own. */
export const OTHERS = 'other';
const CONTAINER_ID_SHOWN = 12;

/**
 * The pod, the container or the systemd service that a process belongs to; else its program. A scope is a session of somebody, whose
 * number is a new one each time.
 * @param cgroup /proc/PID/cgroup
 * @param exe asked for the link /proc/PID/exe where the name says nothing; undefined where it may not be read
 */
export function serviceOf(comm: ByteString, cgroup: ByteString, exe: () => string | undefined = () => undefined): string {
  const { pod, container, unit } = parseCgroup(cgroup) ?? {};
  if (pod !== undefined) return `pod:${pod}`;
  if (container !== undefined) return `container:${container.slice(0, CONTAINER_ID_SHOWN)}`;
  if (unit?.endsWith('.service') && !/^user@\d+\.service$/.test(unit)) return unit;
  return steady(programName(decodeText(comm).text, exe));
}

/** `worker-48213` would be another name each time; and what follows the first word is what a title tells of arguments, as `npm run build` does. */
function steady(name: string): string {
  const [word = name] = name.trim().split(/:?\s/);
  return word.replace(/\d{3,}/g, '*');
}
