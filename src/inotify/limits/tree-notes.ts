/** What is to be known of a tree beside the number of its watches. */
import type { Evidence, TreeCount } from '../../evidence/types.ts';
import { parseMounts } from '../../kernel/proc/mountinfo.ts';
import { decodeText, encodeText } from '../../kernel/text.ts';
import { plural } from '../../report/words.ts';
import { blindnessOf } from '../filesystems.ts';
import { mountOf } from '../instances/route.ts';
import type { Model } from './models.ts';

export interface TreeNotes {
  /** Type of its file system, where that does not tell of every change. */
  blind?: string;
  /** Sentences. */
  notes: string[];
}

export async function notesOfTree(path: string, { loops = 0 }: TreeCount, { name, startsFailing }: Model, evidence: Evidence): Promise<TreeNotes> {
  const parent = path.slice(0, path.lastIndexOf('/')) || '/';
  const [real, above] = ((await evidence.users?.realPaths([path, parent])) ?? []).map(({ value }) => value);
  const mount = mountOf(encodeText(real ?? path), parseMounts(evidence.read('/proc/self/mountinfo').value ?? ''));
  const blindness = mount && blindnessOf(mount.fsType);
  const fsType = mount && decodeText(mount.fsType).text;
  const isLink = real !== undefined && above !== undefined && real !== `${above === '/' ? '' : above}${path.slice(path.lastIndexOf('/'))}`;
  return {
    ...(blindness && { blind: fsType! }),
    notes: [
      ...(blindness ? [`it is on ${fsType}: ${blindness.why}; see reloadctl inotify-probe ${path}`] : []),
      ...(loops > 0 && startsFailing === 'loop' ? [`${plural('link leads', loops, 'links lead')} back to a directory that holds ${loops === 1 ? 'it' : 'them, by themselves or by each other'}: ${name} goes round and round there, and ends with ELOOP or ENAMETOOLONG`] : []),
      ...(isLink && startsFailing === 'link' ? [`it is a symbolic link, which ${name} refuses ("Not a directory"): give it what that leads to`] : []),
    ],
  };
}
