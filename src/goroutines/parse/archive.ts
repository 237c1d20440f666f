/** Dumps in archives: the one that is there, or the one that was named. */
import { NoDump } from './no-dump.ts';
import { isTar, tarEntries } from './tar.ts';
import { isZip, ZipError, zipEntries } from './zip.ts';

/** A file of an archive. */
interface Entry {
  name: string;
  /** Throws where it is broken, or larger. */
  unpack(most: number): Buffer;
}

export function isArchive(head: Buffer): boolean {
  return isZip(head) || isTar(head);
}

/**
 * @param wanted the name of the entry, where it was named
 * @param parse one of them; throws NoDump where it holds none
 * @param most bytes that an entry may have
 * @returns Throws NoDump when there is none, or several
 */
export async function parseArchive<T>(archive: Buffer, wanted: string | undefined, parse: (bytes: Buffer) => Promise<T>, most: number): Promise<{ found: T; entry: string }> {
  const entries = entriesOf(archive);
  const chosen = wanted === undefined ? entries : entries.filter(({ name }) => name === wanted);
  if (chosen.length === 0) throw new NoDump(`the archive has no entry ${wanted ?? ''}`, entries.map(({ name }) => name));
  const all: { found: T; entry: string }[] = [];
  for (const { name, unpack } of chosen) {
    const bytes = unbroken(() => unpack(most));
    const found = bytes && (await parse(bytes).catch(noneOf));
    if (found !== undefined) all.push({ found, entry: name });
  }
  if (all.length === 0) throw new NoDump('no entry of the archive is a goroutine dump');
  if (all.length > 1) throw new NoDump(`${all.length} entries of the archive are goroutine dumps`, all.map(({ entry }) => entry));
  return all[0]!;
}

/** A broken entry beside a good one is no reason not to read that. */
function unbroken(unpack: () => Buffer): Buffer | undefined {
  try {
    return unpack();
  } catch {
    return undefined;
  }
}

function noneOf(error: unknown): undefined {
  if (!(error instanceof NoDump)) throw error;
}

function entriesOf(archive: Buffer): Entry[] {
  if (isTar(archive)) return tarEntries(archive).map(({ name, bytes }) => ({ name, unpack: () => bytes }));
  try {
    return zipEntries(archive);
  } catch (error) {
    if (error instanceof ZipError) throw new NoDump(`the archive cannot be read: ${error.message}`);
    throw error;
  }
}
