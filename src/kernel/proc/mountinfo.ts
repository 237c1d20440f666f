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

export interface Mount {
  /** Of the file system: what fdinfo of inotify calls sdev, and stat st_dev (not on btrfs). */
  major: number;
  minor: number;
  /** The directory of the file system that is mounted: `/` unless it is a bind mount. */
  root: ByteString;
  mountPoint: ByteString;
  fsType: ByteString;
  source: ByteString;
  superOptions: ByteString[];
}

/** All mounts in the order of the kernel: of two at one point the later one is on top. Lines that are none are left out. */
export function parseMounts(mountinfo: ByteString): Mount[] {
  return wholeLines(mountinfo).flatMap((line): Mount[] => {
    const fields = line.split(' ');
    const device = /^(\d+):(\d+)$/.exec(fields[2] ?? '');
    const separator = fields.indexOf('-', 6);
    const [fsType, source, options] = fields.slice(separator + 1);
    if (!device || separator < 0 || fsType === undefined || source === undefined || options === undefined) return [];
    return [
      {
        major: Number(device[1]),
        minor: Number(device[2]),
        root: unescapeOctal(fields[3] ?? ''),
        mountPoint: unescapeOctal(fields[4] ?? ''),
        fsType: unescapeOctal(fsType),
        source: unescapeOctal(source),
        superOptions: options.split(',').map(unescapeOctal),
      },
    ];
  });
}
