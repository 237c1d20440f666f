/** Counts the trees that shall be watched. */
import type { CommandContext } from '../../command.ts';
import type { TreeCount } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { UserError } from '../../kernel/user-error.ts';
import { count, plural } from '../../report/words.ts';
import type { Model } from './models.ts';

export interface TreeRow {
  path: string;
  directories: number;
  files: number;
  links: number;
  unreadable: number;
  watches: number;
  /** All of it was counted. */
  complete: boolean;
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
  for (const path of paths) {
    // Ended by a signal: what was not begun counts as nothing, and is said.
    const answer = await context.evidence.users?.countTree(
      // Directories and links without files are told apart by their letters only.
      { path, skip: model.skip, files: model.files || model.links },
      { timeoutMs, progress: (seen) => context.progress(`counting ${path}: ${count(seen)}`) },
    );
    context.progress('');
    const errno = answer?.errno ?? (answer?.value ? undefined : 'ENOTSUP');
    if (errno !== undefined && WRONG[errno] !== undefined) throw new UserError(`${path}: ${WRONG[errno]}`);
    const tree = answer?.value ?? { directories: 0, files: 0, links: 0, unreadable: 0, cut: errno ?? 'EIO' };
    rows.push(rowOf(path, tree, model));
    noteTree(path, tree, model, coverage, context.rerun);
  }
  return rows;
}

function rowOf(path: string, tree: TreeCount, model: Model): TreeRow {
  const { directories, links, unreadable, cut } = tree;
  const files = model.files ? tree.files : 0;
  const watches = directories + files + (model.links ? links : 0);
  return { path, directories, files, links, unreadable, watches, complete: cut === undefined && unreadable === 0 };
}

function noteTree(path: string, { directories, links, unreadable, cut }: TreeCount, model: Model, coverage: CoverageLog, rerun: string): void {
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
  const follows = model.followsLinks && links > 0;
  const detail = `${model.name} follows links to directories (${plural('link', links)} here): what is below them is not counted`;
  coverage.note({ source, status: 'ok', seen: directories, ...(follows && { detail }), needed: true });
}
