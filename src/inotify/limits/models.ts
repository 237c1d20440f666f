/**
 * How many watches libraries make for a tree, as counted in fdinfo of each on one tree with links, hard links, sockets, files and
 * ignored folders. One inode has one watch.
 */

export interface Model {
  name: string;
  /** `directories`, `directories and files`, ... */
  words: string;
  files: boolean;
  /** What links lead to. */
  links: boolean;
  /** Patterns of names that are left out by default. */
  skip: readonly string[];
  /** Watches all that is below a directory that a link leads to. */
  followsLinks: boolean;
  /** What it cannot be started on: a link to a directory that holds it, or a link itself. */
  startsFailing?: 'loop' | 'link';
}

/** ignore-by-default, and what begins with a dot. */
const IGNORED_BY_DEFAULT = ['.?*', 'bower_components', 'coverage', 'node_modules'];

const directories = (name: string): Model => ({ name, words: 'directories', files: false, links: false, skip: [], followsLinks: false });
const everything = (name: string): Model => ({ name, words: 'directories, files and what links lead to', files: true, links: true, skip: [], followsLinks: false });
const following = (name: string, skip: readonly string[] = []): Model => ({ ...everything(name), skip, followsLinks: true, startsFailing: 'loop' });

const MODELS: readonly Model[] = [
  directories('dirs'),
  { ...directories('parcel'), startsFailing: 'link' },
  ...['inotifywait', 'fsnotify', 'bun', 'chokidar6', 'watchdog'].map(directories),
  // fs.watch with `recursive`: up to 24 it watches each file, 26 directories and what links lead to.
  ...['node20', 'node22', 'node24'].map(everything),
  { ...everything('node26'), words: 'directories and what links lead to', files: false },
  ...['chokidar3', 'chokidar4', 'chokidar5'].map((name) => following(name)),
  following('nodemon', IGNORED_BY_DEFAULT),
  // The crate `notify`: directories only, also those that links lead to.
  ...['watchfiles', 'notify'].map((name): Model => ({ ...directories(name), words: 'directories, with those that links lead to', followsLinks: true })),
];

export const modelNames = MODELS.map(({ name }) => name);

export function modelNamed(name: string): Model | undefined {
  return MODELS.find((model) => model.name === name);
}
