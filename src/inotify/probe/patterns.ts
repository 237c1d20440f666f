/** The ways in which programs change files, each tried against a watch. */
import type { OwnCalls } from '../../evidence/index.ts';
import { files } from '../../effects/scratch.ts';

export type WatchPlace = 'file' | 'parent' | 'symlink';

/** Where one pattern works: all below a fresh directory. */
export interface Ground {
  at: string;
  /** The file that changes: `cfg`, alone in a directory of its own. */
  file: string;
  /** A name in the directory of the file. */
  beside(name: string): string;
  /** A name in another directory of the same file system. */
  elsewhere(name: string): string;
  calls: OwnCalls;
  /** Given to what must be let go of before the later write. */
  afterwards(letGo: () => void): void;
}

export interface Pattern {
  /** Kebab-case, with the operation in it. */
  name: string;
  /** Whose pattern it is: for texts. */
  words: string;
  /** What must be there; else a file `cfg` with some text. */
  prepare?(ground: Ground): void;
  change(ground: Ground): void;
  /** The file is a symbolic link, whose target lies elsewhere: a watch on the file is one on the target. */
  link?: true;
}

const TEXT = 'first\n';
const NEW = 'second\n';

/** Replaces the file by one that was written beside it. */
function saveByRename({ file, beside }: Ground): void {
  files.create(beside('cfg.tmp'), NEW);
  files.rename(beside('cfg.tmp'), file);
}

/** The file is a link to a file elsewhere, as link-swapping deployments have it. */
function linked({ file, elsewhere }: Ground): void {
  files.create(elsewhere('v1'), TEXT);
  files.create(elsewhere('v2'), NEW);
  files.symlink(elsewhere('v1'), file);
}

function volume({ file, beside }: Ground): void {
  files.directory(beside('..v1'));
  files.create(`${beside('..v1')}/cfg`, TEXT);
  files.symlink('..v1', beside('..data'));
  files.symlink('..data/cfg', file);
}

export const patterns: readonly Pattern[] = [
  { name: 'append', words: 'a write in place (>>)', change: ({ file }) => files.append(file, NEW) },
  { name: 'truncate', words: 'truncate and write in place (>, most editors for small files)', change: ({ file }) => files.rewrite(file, NEW) },
  { name: 'rename', words: 'a temporary file renamed over it (atomic save)', change: saveByRename },
  {
    name: 'rename-from-elsewhere',
    words: 'the same, from another directory',
    change: ({ file, elsewhere }) => {
      files.create(elsewhere('cfg.tmp'), NEW);
      files.rename(elsewhere('cfg.tmp'), file);
    },
  },
  {
    name: 'rename-held-open',
    words: 'renamed over while somebody holds the old file open',
    change: (ground) => {
      ground.afterwards(files.hold(ground.file));
      saveByRename(ground);
    },
  },
  {
    name: 'mv-cross-filesystem',
    words: 'mv from another file system: unlink, create, copy',
    change: ({ file }) => {
      files.unlink(file);
      files.copyIn(file, NEW);
    },
  },
  {
    name: 'vim-rename',
    words: 'vim (backupcopy=auto): the old file renamed, a new one written, the old one removed',
    change: ({ file, beside }) => {
      files.rename(file, beside('cfg~'));
      files.create(file, NEW);
      files.chmod(file, 0o644);
      files.unlink(beside('cfg~'));
    },
  },
  {
    name: 'vim-rename-backup-kept',
    words: 'vim with backup: the old file renamed and kept, a new one written',
    change: ({ file, beside }) => {
      files.rename(file, beside('cfg~'));
      files.create(file, NEW);
      files.chmod(file, 0o644);
    },
  },
  {
    name: 'vim-copy-in-place',
    words: 'vim (backupcopy=yes): a copy made, then written in place',
    change: ({ file, beside }) => {
      files.create(beside('cfg~'), TEXT);
      files.rewrite(file, NEW);
      files.unlink(beside('cfg~'));
    },
  },
  {
    name: 'vscode-write-in-place',
    words: 'VS Code: opened, emptied and written in place',
    change: ({ file }) => {
      files.truncate(file);
      files.append(file, NEW);
    },
  },
  {
    name: 'unlink-create',
    words: 'removed and made anew',
    change: ({ file }) => {
      files.unlink(file);
      files.create(file, NEW);
    },
  },
  {
    name: 'hardlink-swap',
    words: 'replaced by a hard link to another file',
    change: ({ file, beside }) => {
      files.create(beside('new'), NEW);
      files.link(beside('new'), beside('cfg.lnk'));
      files.rename(beside('cfg.lnk'), file);
    },
  },
  {
    name: 'hardlink-write',
    words: 'linked under another name, and written through that',
    change: ({ file, elsewhere }) => {
      files.link(file, elsewhere('other'));
      files.append(elsewhere('other'), NEW);
    },
  },
  {
    name: 'mmap-write',
    words: 'written through a mapping (mmap, msync)',
    prepare: ({ file }) => files.create(file, TEXT.padEnd(4096, '.')),
    change: ({ file, elsewhere, calls }) => calls.writeMapped(file, elsewhere('source'), NEW),
  },
  {
    name: 'rename-exchange',
    words: 'exchanged with another file (renameat2 RENAME_EXCHANGE)',
    prepare: ({ file, beside }) => {
      files.create(file, TEXT);
      files.create(beside('other'), NEW);
    },
    change: ({ file, beside, calls }) => calls.exchange(beside('other'), file),
  },
  { name: 'rename-away', words: 'moved away (mv cfg cfg.old)', change: ({ file, beside }) => files.rename(file, beside('cfg.old')) },
  {
    name: 'symlink-swap-rename',
    words: 'a symbolic link switched (ln -sfn): a new link renamed over it',
    link: true,
    prepare: linked,
    change: ({ file, beside, elsewhere }) => {
      files.symlink(elsewhere('v2'), beside('cfg.tmp'));
      files.rename(beside('cfg.tmp'), file);
    },
  },
  {
    name: 'symlink-unlink-create',
    words: 'a symbolic link removed and made anew (busybox ln -sf)',
    link: true,
    prepare: linked,
    change: ({ file, elsewhere }) => {
      files.unlink(file);
      files.symlink(elsewhere('v2'), file);
    },
  },
  { name: 'symlink-target-write', words: 'the target of a symbolic link written in place', link: true, prepare: linked, change: ({ elsewhere }) => files.append(elsewhere('v1'), NEW) },
  {
    name: 'symlink-target-rename',
    words: 'the target of a symbolic link replaced by rename',
    link: true,
    prepare: linked,
    change: ({ elsewhere }) => {
      files.create(elsewhere('v1.tmp'), NEW);
      files.rename(elsewhere('v1.tmp'), elsewhere('v1'));
    },
  },
  {
    name: 'k8s-data-rename',
    words: 'a ConfigMap or Secret updated: ..data renamed to a new version, the old one removed',
    link: true,
    prepare: volume,
    change: ({ beside }) => {
      files.directory(beside('..v2'));
      files.create(`${beside('..v2')}/cfg`, NEW);
      files.symlink('..v2', beside('..data_tmp'));
      files.rename(beside('..data_tmp'), beside('..data'));
      files.removeAll(beside('..v1'));
    },
  },
];

/** What is there before the change. */
export function prepare(pattern: Pattern, ground: Ground): void {
  if (pattern.prepare) pattern.prepare(ground);
  else files.create(ground.file, TEXT);
}
