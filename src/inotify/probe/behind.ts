/** Changes made behind a mount, where the other side is within reach: does a watch on this side tell of them? */
import type { Evidence, OwnInotify } from '../../evidence/index.ts';
import { files } from '../../effects/scratch.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { layersOf } from '../instances/overlay.ts';
import { IN, maskWords } from '../mask.ts';
import type { Behind } from './model.ts';
import type { Tell } from './steps.ts';

const MASK = IN.MODIFY | IN.ATTRIB | IN.CLOSE_WRITE | IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE | IN.DELETE_SELF | IN.MOVE_SELF;

/** The same directory under the name it has behind the mount; undefined when there is none, or it is not the same. */
export function findBehind(directory: string, mount: Mount): string | undefined {
  const inside = directory.slice(mount.mountPoint === '/' ? 0 : mount.mountPoint.length);
  const below = `${mount.root === '/' ? '' : mount.root}${inside}`;
  const { upper } = mount.fsType === 'overlay' ? layersOf(mount) : { upper: undefined };
  const roots = [upper, mount.fsType.startsWith('fuse') ? mount.source : undefined].filter((root) => root?.startsWith('/') && !root.startsWith('/dev/'));
  const token = `token-${process.pid}`;
  files.create(`${directory}/${token}`, directory);
  const found = roots.map((root) => root + below).find((path) => path !== directory && files.content(`${path}/${token}`) === directory);
  files.unlink(`${directory}/${token}`);
  return found;
}

/** How long what was changed behind may take to be readable here: FUSE keeps sizes and names for a second. */
const VISIBLE_MS = 2000;
const PAUSE_MS = 50;

type Change = readonly [name: string, change: (other: string) => void];

const WRITE: Change = ['write-behind', (other) => files.append(`${other}/cfg`, 'behind\n')];
const RENAME: Change = [
  'rename-behind',
  (other) => {
    files.create(`${other}/cfg.tmp`, 'behind\n');
    files.rename(`${other}/cfg.tmp`, `${other}/cfg`);
  },
];

interface BehindContext {
  evidence: Pick<Evidence, 'sleep'>;
  signal: AbortSignal;
  tell: Tell;
}

/** Throws what either side refuses. */
export async function tryBehind(directory: string, behind: string, fsType: string, inotify: OwnInotify, { evidence, signal, tell }: BehindContext): Promise<Behind[]> {
  const results: Behind[] = [];
  // Another file under the name of one that an overlay knows leaves it with a stale handle.
  for (const [pattern, change] of fsType === 'overlay' ? [WRITE] : [WRITE, RENAME]) {
    for (const watch of ['file', 'parent'] as const) {
      if (signal.aborted) return results;
      const name = `${pattern}-${watch}`;
      tell({ step: 'progress', text: name });
      const here = `${directory}/${name}`;
      files.directory(here);
      files.create(`${here}/cfg`, 'first\n');
      // Looked up once: what the kernel knows of it is what a watching program has made it know.
      files.content(`${here}/cfg`);
      const wd = inotify.add(watch === 'file' ? `${here}/cfg` : here, MASK);
      inotify.read();
      change(`${behind}/${name}`);
      const isVisible = (): boolean => files.content(`${here}/cfg`)?.includes('behind') ?? false;
      for (let waited = 0; !isVisible() && waited < VISIBLE_MS && !signal.aborted; waited += PAUSE_MS) await evidence.sleep(PAUSE_MS);
      const visible = isVisible();
      const events = inotify.read().filter((event) => event.wd === wd).map(({ mask }) => maskWords((mask & ~IN.ISDIR) >>> 0));
      inotify.remove(wd);
      files.removeAll(here);
      inotify.read();
      results.push({ pattern, watch, events, visible });
    }
  }
  return results;
}
