import type { FdRow } from './attributes.ts';
import { parseNames, parseWhere } from './where.ts';

export interface ListOptions {
  /** --list, or an option that only makes sense with it. */
  list: boolean;
  where?: (row: FdRow) => boolean;
  sort: string[];
  columns: string[];
  groupBy: string[];
  allGroups: boolean;
}

const defaultColumns = ['fd', 'kind', 'access', 'cloexec', 'description', 'otherEnd'];

/** Throws UserError for a malformed filter or an unknown attribute. */
export function parseListOptions(options: Record<string, unknown>): ListOptions {
  const text = (name: string): string | undefined => (typeof options[name] === 'string' ? options[name] : undefined);
  const where = text('where');
  const sort = text('sort');
  const columns = text('columns');
  const groupBy = text('groupBy');
  return {
    list: Boolean(options.list) || sort !== undefined || columns !== undefined,
    ...(where !== undefined && { where: parseWhere(where) }),
    sort: sort === undefined ? [] : parseNames('--sort', sort, true),
    columns: columns === undefined ? defaultColumns : parseNames('--columns', columns),
    groupBy: groupBy === undefined ? [] : parseNames('--group-by', groupBy),
    allGroups: Boolean(options.all),
  };
}

/** Does it show, filter or group by what single descriptors say of themselves? */
export function showsSingle({ list, where, groupBy }: ListOptions): boolean {
  return list || where !== undefined || groupBy.length > 0;
}

/** Orders rows by the given attributes, `-` in front for descending; numbers as numbers, what is missing last. */
export function sortRows(rows: FdRow[], by: readonly string[]): FdRow[] {
  if (by.length === 0) return rows;
  const keys = by.map((name) => ({ name: name.replace(/^-/, ''), sign: name.startsWith('-') ? -1 : 1 }));
  return rows.sort((a, b) => {
    for (const { name, sign } of keys) {
      const order = compare(a[name], b[name], sign);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function compare(a: unknown, b: unknown, sign: number): number {
  const missing = Number(a === undefined || a === null) - Number(b === undefined || b === null);
  if (missing !== 0 || a === undefined || a === null) return missing;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  const [left, right] = [String(a), String(b)];
  return left < right ? -sign : left > right ? sign : 0;
}
