/** Where a search for what a process watches begins: what it was told on its command line, what it has open, where it works. */
import type { ByteString, Evidence, InotifyQuestions } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import type { Process } from '../../kernel/types.ts';
import { isWalkable } from '../filesystems.ts';
import { mountOf } from './route.ts';
import type { Starts } from './walk.ts';

const MOST = 64;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** @param links what its descriptors point at */
export async function startsOf(
  evidence: Pick<Evidence, 'readlink' | 'readSlow'>,
  { pid, exe }: Process,
  links: Iterable<ByteString>,
  { questions, mounts }: { questions: InotifyQuestions; mounts: readonly Mount[] },
): Promise<Starts> {
  const cwd = evidence.readlink(`/proc/${pid}/cwd`).value;
  const named = (await wordsOf(evidence, pid)).flatMap(({ path }) => path ?? []);
  const open = [...links].filter((link) => link.startsWith('/'));
  const likely = new Set<ByteString>();
  for (const path of new Set([...named.slice(0, MOST), ...open.slice(0, MOST)])) {
    if (!isWalkable(mountOf(path, mounts)?.fsType ?? '')) continue;
    const mode = questions.lookInRoot(pid, path).value?.stat.mode;
    if (mode !== undefined) likely.add((mode & S_IFMT) === S_IFDIR ? path : parentOf(path));
  }
  if (cwd !== undefined) likely.add(cwd);
  return { likely: [...likely], others: exe === undefined ? [] : [parentOf(exe)] };
}

/** A word of the command line, and the path that it may be. */
export interface Word {
  isOption: boolean;
  path: ByteString | undefined;
}

/** Behind the program itself. */
export async function wordsOf(evidence: Pick<Evidence, 'readlink' | 'readSlow'>, pid: number): Promise<Word[]> {
  const cwd = evidence.readlink(`/proc/${pid}/cwd`).value;
  const [cmdline] = await evidence.readSlow([`/proc/${pid}/cmdline`]);
  const words = (cmdline?.value ?? '').split('\0').slice(1);
  return words.map((word) => ({ isOption: word.startsWith('-'), path: pathOf(word, cwd) }));
}

/** An argument, or the value of an option, that is a path: `src`, `--root=/srv/app`. */
function pathOf(word: ByteString, cwd: ByteString | undefined): ByteString | undefined {
  const value = word.startsWith('-') ? word.slice(word.indexOf('=') + 1 || word.length) : word;
  if (value === '' || (!value.startsWith('/') && cwd === undefined)) return undefined;
  const parts: ByteString[] = [];
  for (const part of (value.startsWith('/') ? value : `${cwd}/${value}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
