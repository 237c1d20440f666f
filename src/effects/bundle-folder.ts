/** A folder that keeps the last few files of one kind, by number and by size. */
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Bundle {
  file: string;
  bytes: number;
}

export interface BundleFolder {
  /** Where the next one goes: names are in the order of time. */
  fileAt(when: Date): string;
  /** Oldest first: what earlier runs left, too. */
  list(): Bundle[];
  /** Removes the oldest until there are no more than `keep`, and no more bytes than `most`; the newest, too, where it alone has more. */
  trim(keep: number, most: number): Bundle[];
}

const STAMP = String.raw`\d{8}T\d{6}\.\d{3}Z`;

/**
 * Makes the folder, for its owner alone, where it is not there.
 * @param name of its files, before the time: files of other names are left alone
 * @throws with `code` an errno name when it cannot be written to
 */
export function openBundleFolder(folder: string, name: string, ending: string): BundleFolder {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  accessSync(folder, constants.W_OK | constants.X_OK);
  const ours = new RegExp(`^${name}-${STAMP}\\${ending}$`);
  const list = (): Bundle[] =>
    readdirSync(folder).filter((file) => ours.test(file)).sort().flatMap((file) => {
      const stat = lstatSync(join(folder, file), { throwIfNoEntry: false });
      return stat?.isFile() ? [{ file: join(folder, file), bytes: stat.size }] : [];
    });
  return {
    fileAt: (when) => join(folder, `${name}-${when.toISOString().replace(/[-:]/g, '')}${ending}`),
    list,
    trim(keep, most) {
      const kept = list();
      const removed: Bundle[] = [];
      while (kept.length > keep || kept.reduce((sum, { bytes }) => sum + bytes, 0) > most) {
        const [oldest] = kept.splice(0, 1);
        if (!oldest) break;
        rmSync(oldest.file, { force: true });
        removed.push(oldest);
      }
      return removed;
    },
  };
}
