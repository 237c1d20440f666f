/** --where and the names of --columns, --sort and --group-by, over the attributes of descriptors. */
import { type Attributes, parseAttributeNames, parseTerms } from '../kernel/where.ts';
import { attributeNames, type FdRow } from './attributes.ts';

const attributes: Attributes<FdRow> = { names: attributeNames, attributeOf: (row, name) => row[name] };

/** See `parseTerms`. Throws UserError with the column of the term at fault. */
export function parseWhere(text: string): (row: FdRow) => boolean {
  return parseTerms(text, attributes);
}

/** Names of --columns, --sort and --group-by, checked. A leading `-` (descending) is left to the caller, where `signed` allows it. */
export function parseNames(option: string, text: string, signed = false): string[] {
  return parseAttributeNames(option, text, attributes, signed);
}
