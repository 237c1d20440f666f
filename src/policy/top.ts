/** What every reader of a policy shares: one file holds the parts of all commands, and each reads its own. */
import { type Field, readDocument } from './reader.ts';

/** A key that is none of these is a mistake, whoever reads. */
const SECTIONS = ['version', 'assert', 'gate', 'drill', 'modules'] as const;

/** The parts of a policy; none of a file that holds nothing. @throws UserError, `FILE:LINE:COL: what` */
export function readSections(text: string, file: string): Map<string, Field> {
  const top = readDocument(text, file)?.mapping(SECTIONS) ?? new Map<string, Field>();
  const version = top.get('version');
  if (version && version.integer() !== 1) version.fail('this reloadctl reads version 1');
  return top;
}
