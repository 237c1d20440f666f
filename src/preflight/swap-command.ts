/** The commands that put a new binary in the place of one that runs. */
import { decodeText } from '../kernel/text.ts';
import { shellWord } from '../report/words.ts';
import type { Swap } from './model.ts';

/** Beside the old one, on disk, then one rename: whoever starts it gets the old or the new one, whole, also after a crash. */
export function swapCommand({ file, target }: Pick<Swap, 'file' | 'target'>): string {
  const [from, to] = [file, target].map((path) => decodeText(path).text);
  const slash = to!.lastIndexOf('/');
  const aside = `${to!.slice(0, slash)}/.${to!.slice(slash + 1)}.new`;
  return `install -m 755 ${shellWord(from!)} ${shellWord(aside)} && sync ${shellWord(aside)} && mv -fT ${shellWord(aside)} ${shellWord(to!)} && sync ${shellWord(to!.slice(0, slash) || '/')}`;
}
