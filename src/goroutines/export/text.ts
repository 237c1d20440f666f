/** The runtime's own text formats, made anew: other tools read them. */
import type { Dump, Frame, Group, Row } from '../../kernel/goroutines.ts';
import { decodeText } from '../../kernel/text.ts';

/** As goroutine?debug=1 (runtime/pprof printCountProfile). Addresses are not known: they are numbered. */
export function* debug1({ groups, profile }: Dump): Generator<string> {
  const shown = groups.filter(({ system }) => !system).sort((a, b) => b.count - a.count);
  yield `${profile} profile: total ${shown.reduce((sum, { count }) => sum + count, 0)}\n`;
  let pc = 0x1000;
  for (const { count, frames, labels, state, creator } of shown) {
    const pcs = frames.map(() => `0x${(pc++).toString(16)}`);
    yield `${count} @${pcs.map((word) => ` ${word}`).join('')}\n`;
    if (Object.keys(labels).length > 0) yield `# labels: ${labelText(labels)}\n`;
    // Other tools skip such lines; we read them again.
    yield `# state: ${state}\n`;
    if (creator) yield `# created by: ${oneLine(creator.func)}\t${oneLine(creator.file)}:${creator.line}\n`;
    for (const [index, { func, file, line }] of frames.entries()) yield `#\t${pcs[index]}\t${oneLine(func)}\t${oneLine(file)}:${line}\n`;
    yield '\n';
  }
}

/**
 * As goroutine?debug=2 (runtime/traceback.go). What is not known of single goroutines is left out, and so are those whose ids
 * were not kept (see unnamed): ids are never made up, but where the source has none at all, and they are numbered.
 */
export function* debug2(dump: Dump): Generator<string> {
  const { groups, rows } = dump;
  let number = 1;
  const isNumbered = !hasIds(dump);
  const one = (group: Group, { id, waitMinutes: minutes, parent, lockedToThread }: Partial<Row>): string => {
    if (id === undefined && !isNumbered) return '';
    const waited = minutes === undefined || minutes === 0 ? '' : `, ${minutes} minutes`;
    const leaked = group.leaked >= group.count && group.leaked > 0 ? ' (leaked)' : '';
    const labels = Object.keys(group.labels).length === 0 ? '' : ` ${labelText(group.labels)}`;
    return `goroutine ${id ?? number++} [${group.state}${leaked}${waited}${lockedToThread ? ', locked to thread' : ''}]${labels}:\n${stackText(group, parent)}\n`;
  };
  if (rows) {
    for (const row of rows) yield one(groups[row.group]!, row);
    return;
  }
  for (const group of groups) {
    const most = isNumbered ? group.count : group.samples.length;
    for (let i = 0; i < most; i++) yield one(group, { ...group.samples[i], ...(group.lockedToThread >= group.count && { lockedToThread: true as const }) });
  }
}

function hasIds({ groups }: Dump): boolean {
  return groups.some(({ samples }) => samples.some(({ id }) => id !== undefined));
}

/** What debug2 leaves out of a dump that has ids: how many goroutines whose ids were not kept. */
export function unnamed(dump: Dump): number {
  if (!hasIds(dump)) return 0;
  const all = dump.groups.reduce((sum, { count }) => sum + count, 0);
  const named = dump.rows ? dump.rows.filter(({ id }) => id !== undefined).length : dump.groups.reduce((sum, { samples }) => sum + samples.filter(({ id }) => id !== undefined).length, 0);
  return all - named;
}

function stackText({ frames, creator, elided }: Group, parent: string | undefined): string {
  const lines = frames.map((frame) => frameText(frame, '(...)'));
  if (elided) lines.push('...additional frames elided...\n');
  if (creator) lines.push(frameText({ ...creator, func: `created by ${creator.func}${parent === undefined ? '' : ` in goroutine ${parent}`}` }, ''));
  return lines.join('');
}

function frameText({ func, file, line }: Frame, given: string): string {
  return `${oneLine(func)}${given}\n\t${file === '' ? '?' : oneLine(file)}:${line}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const words = Object.entries(labels).map(([name, value]) => `${JSON.stringify(decodeText(name).text)}: ${JSON.stringify(decodeText(value).text)}`);
  return `{${words.join(', ')}}`;
}

function oneLine(text: string): string {
  return decodeText(text).text.replace(/[\p{Cc}\u2028\u2029]/gu, '_');
}
