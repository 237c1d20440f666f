/** Counts the trees that shall be watched. */
import type { CommandContext } from '../../command.ts';
import type { TreeCount } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { UserError } from '../../kernel/user-error.ts';
import { count, plural } from '../../report/words.ts';
import type { Model } from './models.ts';
import { notesOfTree } from './tree-notes.ts';

export interface TreeRow {
  path: string;
  directories: number;
  files: number;
  links: number;
  /** What links lead to and what is not among the directories and files, each once. */
  targets: number;
  unreadable: number;
  watches: number;
  /** All of it was counted. */
  complete: boolean;
  /** Type of its file system, where that does not tell of every change. */
  blind?: string;
  /** What else is to be known, in sentences; absent when nothing is. */
  notes?: string[];
}

/** Errors of the one who typed the path: exit 2. What is only not permitted is coverage. */
const WRONG: Record<string, string> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'a loop of symbolic links',
  ENAMETOOLONG: 'the name is too long',
};

/** Throws UserError for a path that is no directory. Ends early on a signal, with what was counted so far. */
export async function countTrees(paths: readonly string[], model: Model, timeoutMs: number, context: CommandContext, coverage: CoverageLog): Promise<TreeRow[]> {
  const rows: TreeRow[] = [];
  for (const path of await withoutNested(paths, context)) {
    // Ended by a signal: what was not begun counts as nothing, and is said.
    const answer = await context.evidence.users?.countTree(
      { path, skip: model.skip, files: model.files, links: model.links || model.followsLinks, follow: model.followsLinks },
      { timeoutMs, progress: (seen) => context.progress(`counting ${path}: ${count(seen)}`) },
    );
    context.progress('');
    const errno = answer?.errno ?? (answer?.value ? undefined : 'ENOTSUP');
    if (errno !== undefined && WRONG[errno] !== undefined) throw new UserError(`${path}: ${WRONG[errno]}`);
    const tree = answer?.value ?? { directories: 0, files: 0, links: 0, targets: 0, unreadable: 0, unsure: 0, cut: errno ?? 'EIO' };
    const { blind, notes } = await notesOfTree(path, tree, model, context.evidence);
    rows.push({ ...rowOf(path, tree, model), ...(blind !== undefined && { blind }), ...(notes.length > 0 && { notes }) });
    noteTree(path, tree, coverage, context.rerun);
  }
  return rows;
}

/** One library watches a directory once, however often and under whatever name it is given. */
async function withoutNested(paths: readonly string[], { evidence }: CommandContext): Promise<string[]> {
  if (paths.length < 2) return [...paths];
  const answers = (await evidence.users?.realPaths(paths)) ?? [];
  const real = paths.map((path, index) => answers[index]?.value ?? path);
  return paths.filter((_, index) => real.every((other, at) => at === index || !isIn(real[index]!, other) || (other === real[index] && at > index)));
}

function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function rowOf(path: string, tree: TreeCount, model: Model): TreeRow {
  const { directories, links, unreadable, unsure, cut } = tree;
  const files = model.files ? tree.files : 0;
  const targets = model.links ? tree.targets : 0;
  return { path, directories, files, links, targets, unreadable, watches: directories + files + targets, complete: cut === undefined && unreadable === 0 && unsure === 0 };
}

function noteTree(path: string, { directories, unreadable, unsure, cut }: TreeCount, coverage: CoverageLog, rerun: string): void {
  const source = `tree ${path}`;
  if (cut !== undefined) {
    const detail = cut === 'ETIMEDOUT' ? 'not counted to its end in time' : errnoWords(cut);
    coverage.note({ source, status: cut === 'ETIMEDOUT' ? 'timeout' : directories > 0 ? 'partial' : statusOf(cut), seen: directories, detail, fix: `${rerun} --count-timeout 30m`, needed: true });
    return;
  }
  if (unreadable > 0) {
    const detail = `${plural('directory', unreadable, 'directories')} could not be read: what is below is not counted`;
    coverage.note({ source, status: 'partial', seen: directories, total: directories + unreadable, detail, fix: `sudo ${rerun}`, needed: true });
    return;
  }
  if (unsure > 0) {
    const detail = `${plural('link', unsure)} and further names of files are not counted: where they lead could not be told or kept in mind (GNU find and stat, up to 1,000,000 inodes, 200 directories outside)`;
    coverage.note({ source, status: 'partial', seen: directories, detail, needed: true });
    return;
  }
  coverage.note({ source, status: 'ok', seen: directories, needed: true });
}
