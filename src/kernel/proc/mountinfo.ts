/** /proc/PID/mountinfo, kernel fs/proc_namespace.c show_mountinfo. */
import type { ByteString } from '../../evidence/types.ts';
import { wholeLines } from './scan.ts';

export interface MountOptions {
  fsType: ByteString;
  /** Options of the file system instance: `hidepid=invisible`, `size=4k`. */
  superOptions: ByteString[];
  /** Options of this mount: `ro`, `nosuid`. */
  options: ByteString[];
}

/** The mount that is on top at `mountPoint` (bytes, unescaped): the last one listed. Null when nothing is mounted there. */
export function parseMountOptions(mountinfo: ByteString, mountPoint: ByteString): MountOptions | null {
  let found: MountOptions | null = null;
  for (const line of wholeLines(mountinfo)) {
    // `id parent major:minor root mountpoint options [tag...] - type source superOptions`; a source may be empty.
    const fields = line.split(' ');
    if (unescapeOctal(fields[4] ?? '') !== mountPoint) continue;
    const separator = fields.indexOf('-', 6);
    const fsType = fields[separator + 1];
    const superOptions = fields[separator + 3];
    if (separator < 0 || fsType === undefined || superOptions === undefined) continue;
    found = { fsType: unescapeOctal(fsType), superOptions: listOf(superOptions), options: listOf(fields[5] ?? '') };
  }
  return found;
}

function listOf(options: ByteString): ByteString[] {
  return options.split(',').map(unescapeOctal);
}

/** Space, tab, newline, backslash and `#` are printed as `\040` and the like. */
function unescapeOctal(text: ByteString): ByteString {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
