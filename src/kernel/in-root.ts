/** A path as another process resolves it: below its root, through its symbolic links. */
import { type ByteString, type FileStat, type InotifyQuestions, NOT_RECORDED, type PathLook } from '../evidence/types.ts';

/** What path_resolution(7) allows (MAXSYMLINKS of the kernel). */
const MOST_LINKS = 40;

export interface Resolved {
  /** Without symbolic links; where it fails, as far as it was followed. */
  path: ByteString;
  /** Absent when nothing is there, or may not be looked at: `errno` says which. */
  stat?: FileStat;
  errno?: string;
  /** ms since 1970, inode change time. */
  changedMs?: number;
  /** Symbolic links on the way, outermost first. */
  links: { path: ByteString; to: ByteString }[];
}

/** @param path absolute */
export function resolveInRoot(questions: InotifyQuestions | undefined, pid: number, path: ByteString): Resolved {
  const links: Resolved['links'] = [];
  if (!questions) return { path, errno: 'ENOTSUP', links };
  const whole = questions.lookInRoot(pid, path);
  if (whole.value && whole.value.link === undefined) return resolved(path, whole.value, links);
  if (whole.errno !== undefined && whole.errno !== 'ELOOP') return { path, errno: whole.errno, links };
  const rest = path.split('/');
  let at = '';
  for (;;) {
    const part = rest.shift();
    if (part === undefined) break;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const next = `${at}/${part}`;
    const { value, errno = NOT_RECORDED } = questions.lookInRoot(pid, next);
    if (!value) return { path: next, errno, links };
    if (value.link !== undefined) {
      links.push({ path: next, to: value.link });
      if (links.length > MOST_LINKS) return { path: next, errno: 'ELOOP', links };
      if (value.link.startsWith('/')) at = '';
      rest.unshift(...value.link.split('/'));
      continue;
    }
    at = next;
    if (rest.every((one) => one === '' || one === '.')) {
      return resolved(at, value, links);
    }
  }
  const { value, errno = NOT_RECORDED } = questions.lookInRoot(pid, at || '/');
  return value ? resolved(at || '/', value, links) : { path: at || '/', errno, links };
}

function resolved(path: ByteString, { stat, changedMs }: PathLook, links: Resolved['links']): Resolved {
  return { path, stat, ...(changedMs !== undefined && { changedMs }), links };
}
