/**
 * Path templates: what many paths have in common, so that 18,000 temp files are one group.
 * First what is variable by its looks (digits, hashes, uuids), then what is variable by its number: many names side by side.
 */

/** More different names than this side by side, and they are one group. */
const TOO_MANY_NAMES = 8;
const DELETED = ' (deleted)';

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const hash = /(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![0-9a-z])/gi;
const digits = /[0-9]+/g;

/** Digit runs, hashes of 8 and more hex digits and uuids become `*`. */
export function byLooks(path: string): string {
  if (!/[0-9]/.test(path)) return path;
  return path.replace(uuid, '*').replace(hash, '*').replace(digits, '*').replace(/\*(?:[*.\-_:]\*)+/g, '*');
}

/**
 * The template of each path, made over all of them together. A template that covers one path only is the path itself.
 * Input: distinct paths (with or without " (deleted)"). Output: a map from each to its template.
 */
export function pathTemplates(paths: Iterable<string>): Map<string, string> {
  const looks = new Map<string, string>();
  for (const path of paths) looks.set(path, byLooks(path));
  const wide = collapseDirectories(collapseNames(new Set(looks.values())));
  const members = new Map<string, number>();
  const result = new Map<string, string>();
  for (const [path, look] of looks) {
    const template = wide.get(look) ?? look;
    result.set(path, template);
    members.set(template, (members.get(template) ?? 0) + 1);
  }
  for (const [path, template] of result) if (members.get(template) === 1) result.set(path, path);
  return result;
}

interface Parts {
  directory: string;
  name: string;
  extension: string;
  deleted: string;
}

function split(path: string): Parts {
  const deleted = path.endsWith(DELETED) ? DELETED : '';
  const bare = deleted ? path.slice(0, -DELETED.length) : path;
  const slash = bare.lastIndexOf('/');
  const name = bare.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= 9 ? name.slice(dot) : '';
  return { directory: bare.slice(0, slash + 1), name, extension, deleted };
}

/** Many names of one extension in one directory become `prefix*suffix.ext` (mkstemp and the like). */
function collapseNames(paths: ReadonlySet<string>): Map<string, string> {
  const families = new Map<string, { parts: Parts; path: string }[]>();
  for (const path of paths) {
    const parts = split(path);
    const family = `${parts.directory}\0${parts.extension}\0${parts.deleted}`;
    const list = families.get(family);
    if (list) list.push({ parts, path });
    else families.set(family, [{ parts, path }]);
  }
  const result = new Map<string, string>();
  for (const list of families.values()) {
    if (list.length <= TOO_MANY_NAMES) {
      for (const { path } of list) result.set(path, path);
      continue;
    }
    const { directory, extension, deleted } = list[0]!.parts;
    const stems = list.map(({ parts }) => parts.name.slice(0, parts.name.length - extension.length));
    const template = `${directory}${commonPrefix(stems)}*${extension}${deleted}`.replace(/\*+/g, '*');
    for (const { path } of list) result.set(path, template);
  }
  return result;
}

/** Many directories side by side that hold the same things become `*`: `/srv/tenants/ANY/db.sqlite`. */
function collapseDirectories(templates: Map<string, string>): Map<string, string> {
  const current = new Map<string, string>(templates);
  const depth = Math.max(0, ...[...new Set(current.values())].map((path) => path.split('/').length));
  for (let level = depth - 2; level >= 1; level--) {
    const families = new Map<string, Set<string>>();
    const familyOf = (path: string): string | undefined => {
      const parts = path.split('/');
      if (parts.length < level + 2) return undefined;
      parts[level] = '*';
      return parts.join('/');
    };
    for (const path of new Set(current.values())) {
      const family = familyOf(path);
      if (family === undefined) continue;
      const members = families.get(family);
      if (members) members.add(path);
      else families.set(family, new Set([path]));
    }
    for (const [path, template] of current) {
      const family = familyOf(template);
      if (family !== undefined && (families.get(family)?.size ?? 0) > TOO_MANY_NAMES) current.set(path, family);
    }
  }
  return current;
}

function commonPrefix(names: readonly string[]): string {
  let prefix = names[0] ?? '';
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
