/**
 * Path templates: what many paths have in common, so that 18,000 temp files are one group.
 * First what is variable by its looks (digits, hashes, uuids), then what is variable by its number: many names side by side.
 */

/** More different names than this side by side, and they are one group. */
const TOO_MANY_NAMES = 8;
const DELETED = ' (deleted)';

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
// Letters of other scripts are letters: a pseudonym may put others in their place, and must not make a hash.
const hash = /(?<![0-9a-z\u0080-\uffff])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![0-9a-z\u0080-\uffff])/gi;
const digits = /[0-9]+/g;
const hasDigit = /[0-9]/;
const neighbours = /\*(?:[*.\-_:]\*)+/g;
/** What any uuid and any hash has in it. */
const hexRun = /[0-9a-f]{8}/i;
/** Of a name that already had its digits replaced. */
const extensionOf = /[\s\S](\.[A-Za-z0-9*]{1,8})$/;

/** Digit runs, hashes of 8 and more hex digits and uuids become `*`. */
export function byLooks(path: string): string {
  if (!hasDigit.test(path)) return path;
  const named = hexRun.test(path) ? path.replace(uuid, '*').replace(hash, '*') : path;
  const starred = named.replace(digits, '*');
  return starred.indexOf('*') === starred.lastIndexOf('*') ? starred : starred.replace(neighbours, '*');
}

/** Paths that look alike. */
interface Look {
  index: number;
  first: string;
  /** Of more than one path. */
  several: boolean;
}

interface Side {
  start: string;
  names: Map<string, Look>;
}

/** Paths one after the other, as often as they occur, with or without " (deleted)"; then the templates, made over all of them together. */
export class PathLooks {
  readonly #looks = new Map<string, Look>();
  readonly #sides = new Map<string, Map<string, Look>>();
  readonly #directories = new Map<string, Side>();

  /** Its number among those that look different: from 0. */
  add(path: string): number {
    // No run of digits reaches over a slash, so a directory looks the same for all that is in it.
    const slash = path.lastIndexOf('/') + 1;
    const directory = path.slice(0, slash);
    const side = this.#directories.get(directory) ?? this.#sideOf(directory);
    const name = byLooks(path.slice(slash));
    let look = side.names.get(name);
    if (!look) {
      look = { index: this.#looks.size, first: path, several: false };
      side.names.set(name, look);
      this.#looks.set(side.start + name, look);
    }
    look.several ||= look.first !== path;
    return look.index;
  }

  #sideOf(directory: string): Side {
    const start = byLooks(directory);
    const names = this.#sides.get(start) ?? new Map<string, Look>();
    this.#sides.set(start, names);
    const side = { start, names };
    this.#directories.set(directory, side);
    return side;
  }

  /** By number of add(). A template that covers one path only is the path itself. */
  templates(): string[] {
    const names = collapseNames([...this.#looks.keys()]);
    const widened = collapseDirectories(new Set(names));
    const templates = names.map((name) => widened.get(name)!);
    const covers = new Map<string, number>();
    for (const { index, several } of this.#looks.values()) covers.set(templates[index]!, (covers.get(templates[index]!) ?? 0) + (several ? 2 : 1));
    return [...this.#looks.values()].map(({ index, first }) => (covers.get(templates[index]!) === 1 ? first : templates[index]!));
  }
}

/** The template of each path, in their order; see PathLooks. */
export function pathTemplates(paths: readonly string[]): string[] {
  const looks = new PathLooks();
  const numbers = paths.map((path) => looks.add(path));
  const templates = looks.templates();
  return numbers.map((number) => templates[number]!);
}

/** What stands before the last slash that both have in common, with it: `/srv/7/` of `/srv/7/a` and `/srv/7/b/c`. */
export function commonFolder(one: string, other: string): string {
  let length = 0;
  while (length < one.length && length < other.length && one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return one.slice(0, one.lastIndexOf('/', length - 1) + 1);
}

/** The template with the folder that all its paths are in as it is: digits in it count nothing. A template has a directory for each of its paths. */
export function inFolder(template: string, folder: string): string {
  let behind = 0;
  for (let at = folder.indexOf('/'); at >= 0; at = folder.indexOf('/', at + 1)) behind = template.indexOf('/', behind) + 1;
  return folder + template.slice(behind);
}

interface Parts {
  index: number;
  directory: string;
  /** The name without its extension. */
  stem: string;
  /** With its dot; empty when there is none. */
  extension: string;
  deleted: string;
}

function split(path: string, index: number): Parts {
  const deleted = path.endsWith(DELETED) ? DELETED : '';
  const bare = deleted ? path.slice(0, -DELETED.length) : path;
  const slash = bare.lastIndexOf('/');
  const name = bare.slice(slash + 1);
  const extension = extensionOf.exec(name)?.[1] ?? '';
  return { index, directory: bare.slice(0, slash + 1), stem: name.slice(0, name.length - extension.length), extension, deleted };
}

/**
 * The template of each path, in their order. Many names in one directory that share an extension become `prefix*.ext`, those
 * that share all but it `name.*` (mkstemp and the like).
 */
function collapseNames(paths: readonly string[]): string[] {
  const result = [...paths];
  const left: Parts[] = [];
  for (const family of familiesOf(paths.map(split), ({ directory, extension, deleted }) => `${directory}${extension}/${deleted}`)) {
    if (family.length <= TOO_MANY_NAMES) {
      left.push(...family);
      continue;
    }
    const { directory, extension, deleted } = family[0]!;
    const template = `${directory}${commonPrefix(family.map(({ stem }) => stem))}*${extension}${deleted}`.replace(/\*+/g, '*');
    for (const { index } of family) result[index] = template;
  }
  for (const family of familiesOf(left, ({ directory, stem, deleted }) => `${directory}${stem}/${deleted}`)) {
    if (family.length <= TOO_MANY_NAMES) continue;
    const { directory, stem, deleted } = family[0]!;
    for (const { index } of family) result[index] = `${directory}${stem}.*${deleted}`;
  }
  return result;
}

function familiesOf(all: readonly Parts[], name: (parts: Parts) => string): Iterable<Parts[]> {
  const families = new Map<string, Parts[]>();
  for (const parts of all) {
    const key = name(parts);
    const family = families.get(key);
    if (family) family.push(parts);
    else families.set(key, [parts]);
  }
  return families.values();
}

/** Many directories side by side that hold the same things become `*`: `/srv/tenants/ANY/db.sqlite`. */
function collapseDirectories(templates: ReadonlySet<string>): Map<string, string> {
  const current = new Map([...templates].map((template) => [template, template]));
  let depth = 0;
  for (const template of templates) depth = Math.max(depth, template.split('/').length);
  for (let level = depth - 2; level >= 1; level--) {
    const families = new Map<string, Set<string>>();
    for (const path of new Set(current.values())) {
      const family = withoutDirectory(path, level);
      if (family === undefined) continue;
      const members = families.get(family);
      if (members) members.add(path);
      else families.set(family, new Set([path]));
    }
    const widened = new Map<string, string>();
    for (const [family, members] of families) if (members.size > TOO_MANY_NAMES) for (const path of members) widened.set(path, family);
    if (widened.size > 0) for (const [template, path] of current) current.set(template, widened.get(path) ?? path);
  }
  return current;
}

/** The path with its directory of that level as `*`; undefined when it has none there. */
function withoutDirectory(path: string, level: number): string | undefined {
  let start = 0;
  for (let passed = 0; passed < level; passed++) {
    start = path.indexOf('/', start) + 1;
    if (start === 0) return undefined;
  }
  const end = path.indexOf('/', start);
  return end < 0 ? undefined : `${path.slice(0, start)}*${path.slice(end)}`;
}

function commonPrefix(names: readonly string[]): string {
  let prefix = names[0] ?? '';
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  // Half a surrogate pair is no text.
  return /[\ud800-\udbff]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}
