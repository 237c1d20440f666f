/** A folder of our own that processes of the command write to, line by line. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUndoList } from './undo-list.ts';

export interface Records {
  folder: string;
  /** All lines so far, as JSON; what is none is left out. Hostile: whoever runs there may write anything. */
  read(): unknown[];
  /** A copy of a file for those who write, 0600; where it is. */
  put(name: string, source: string): string;
  remove(): void;
}

const MOST_BYTES = 16 * 1024 * 1024;

export async function openRecords(): Promise<Records> {
  const undo = await openUndoList();
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-records-'));
  undo.add({ what: 'remove-folder', path: folder });
  return {
    folder,
    read: () => readdirSync(folder).filter((name) => /^\d+\.ndjson$/.test(name)).flatMap((name) => linesOf(join(folder, name))),
    put: (name, source) => {
      const path = join(folder, name);
      writeFileSync(path, readFileSync(source), { mode: 0o600, flag: 'wx' });
      return path;
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
      undo.done();
    },
  };
}

function linesOf(file: string): unknown[] {
  const records: unknown[] = [];
  for (const line of readFileSync(file, 'utf8').slice(0, MOST_BYTES).split('\n')) {
    try {
      if (line !== '') records.push(JSON.parse(line));
    } catch {
      // Cut off, or not ours.
    }
  }
  return records;
}
