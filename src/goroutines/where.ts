/** --where and --group-by over goroutines: by what their group says, and by id and waiting time of each. */
import type { Group, Row } from '../kernel/goroutines.ts';
import { parseDuration } from '../kernel/duration.ts';
import { decodeText } from '../kernel/text.ts';
import { UserError } from '../kernel/user-error.ts';
import { type Attributes, parseAttributeNames, parseTerms } from '../kernel/where.ts';
import { benignReason } from './benign.ts';
import { ownerOfStack, packageOf, siteOf } from './names.ts';

/** A goroutine, or a whole group of a dump that does not tell single ones apart. */
export interface Candidate {
  group: Group;
  /** Of a dump that tells single ones. */
  row?: Row;
  id?: string;
  waitMs?: number;
}

export type Where = (candidate: Candidate) => boolean;

const NAMES = ['state', 'wait', 'func', 'file', 'site', 'package', 'creator', 'owner', 'id', 'parent', 'channel', 'lock', 'locked', 'leaked', 'system', 'benign', 'depth'] as const;

/** Of single goroutines: a group has many. */
const ROWS_ONLY: ReadonlySet<string> = new Set(['parent', 'channel', 'lock']);
const LABEL = 'label:';
/** What --group-by takes, beside label:NAME. */
export const groupableNames: readonly string[] = NAMES.filter((name) => !ROWS_ONLY.has(name));

const attributes: Attributes<Candidate> = {
  names: [...NAMES, `${LABEL}NAME`],
  isName: (name) => name.startsWith(LABEL) && name.length > LABEL.length,
  attributeOf,
  // Times are in ms, however they are typed; a bare number would be anything.
  numberOf: (name, text) => (name === 'wait' ? parseDuration('--where: wait', text) : undefined),
};

/** Throws UserError with the column of the term at fault. */
export function parseWhere(text: string): Where {
  if (text.trim() === '') throw new UserError('--where: there is no term in it (use NAME=VALUE, NAME!=VALUE, NAME~TEXT, NAME>NUMBER)');
  return parseTerms(text, attributes);
}

export function parseGroupBy(text: string): string[] {
  return parseAttributeNames('--group-by', text, { ...attributes, names: [...groupableNames, `${LABEL}NAME`] });
}

export function attributeOf({ group, row, id, waitMs }: Candidate, name: string): unknown {
  if (name.startsWith(LABEL)) {
    const label = name.slice(LABEL.length);
    const key = Object.keys(group.labels).find((own) => decodeText(own).text === label);
    return key === undefined ? undefined : decodeText(group.labels[key]!).text;
  }
  const { frames, creator } = group;
  switch (name as (typeof NAMES)[number]) {
    case 'state':
      return group.state;
    case 'wait':
      return waitMs;
    case 'func':
      return frames.map(({ func }) => decodeText(func).text);
    case 'file':
      return frames.map(({ file }) => decodeText(file).text);
    case 'site':
      return decodeText(siteOf(frames)?.func ?? '').text;
    case 'package':
      return decodeText(packageOf(siteOf(frames)?.func ?? '')).text;
    case 'creator':
      return creator === undefined ? undefined : decodeText(creator.func).text;
    case 'owner':
      return ownerOfStack(frames, creator);
    case 'id':
      return id === undefined ? undefined : Number(id);
    case 'locked':
      return row ? row.lockedToThread === true : group.lockedToThread > 0;
    case 'parent':
      return row?.parent === undefined ? undefined : Number(row.parent);
    case 'channel':
      return row?.channels ?? [];
    case 'lock':
      return row?.lock;
    case 'leaked':
      return group.leaked > 0;
    case 'system':
      return group.system;
    case 'benign':
      return benignReason(group);
    case 'depth':
      return frames.length;
  }
}
