/** From the text of a tape to records, each checked: a tape comes from anywhere. */
import { checksum, MOST_ANSWERS, type Question, TAPE_VERSION, TapeError, type TapeEnd, type TapeHeader, type TapeValues } from './tape-format.ts';
import { isByteString, isQuestion, isRecord, valueMatches } from './tape-guards.ts';
import type { Errno } from './types.ts';

export interface TapeRecord {
  question: Question;
  key: string;
  at: number;
  value: TapeValues[Question] | undefined;
  errno: Errno | undefined;
}

export interface Tape {
  header: TapeHeader;
  records: TapeRecord[];
}

const AGAIN = 'record it again, or copy the whole file again';

/** @throws TapeError `FILE:LINE: what is wrong, what to do` */
export function parseTape(text: string, fileName: string): Tape {
  const fail = (line: number, what: string): never => {
    throw new TapeError(`${fileName}:${line}: ${what}`);
  };
  const lines = text.split('\n');
  const header = parseHeader(lines[0] ?? '', (what) => fail(1, what));

  // A whole tape ends in its end line and a newline: then the last piece is empty.
  const last = lines.length - 2;
  const end = lines[lines.length - 1] === '' && last > 0 ? parseEnd(lines[last] ?? '') : undefined;
  if (end === undefined) return fail(lines.length, `the tape is cut off: it has no end line; ${AGAIN}`);

  if (last - 1 > MOST_ANSWERS) return fail(1, `the tape holds ${last - 1} answers, and ${MOST_ANSWERS} are the most that are read; record fewer processes, or a shorter watch`);
  const records: TapeRecord[] = [];
  for (let index = 1; index < last; index++) {
    records.push(parseRecord(lines[index] ?? '', header.version, records, (what) => fail(index + 1, what)));
  }
  if (end.answers !== records.length) fail(last + 1, `the tape says ${end.answers} answers and holds ${records.length}; ${AGAIN}`);
  const body = text.slice(0, text.length - (lines[last] ?? '').length - 1);
  if (checksum(body) !== end.sha256) fail(last + 1, `the tape was changed after it was recorded: its checksum does not match; ${AGAIN}`);
  return { header, records };
}

type Fail = (what: string) => never;

function parseHeader(line: string, fail: Fail): TapeHeader {
  const header = parseJson(line);
  if (!isRecord(header) || header.reloadctl !== 'tape') {
    return fail('not a reloadctl tape; make one with: reloadctl record <target> -o FILE');
  }
  const { version, tool, recordedAt, redacted, host, target, leftOut } = header;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) return fail(`a tape without a version; ${AGAIN}`);
  const maker = typeof tool === 'string' ? `reloadctl ${tool}` : 'reloadctl';
  if (version > TAPE_VERSION) {
    return fail(`made by a newer ${maker}, version ${version}, this one reads up to ${TAPE_VERSION}; update reloadctl`);
  }
  if (typeof tool !== 'string' || typeof recordedAt !== 'string' || typeof redacted !== 'boolean') {
    return fail(`the header lacks tool, recordedAt or redacted; ${AGAIN}`);
  }
  const known = parseHost(host);
  return { reloadctl: 'tape', version, tool, recordedAt, redacted, ...(known && { host: known }), ...(typeof leftOut === 'number' && leftOut > 0 && { leftOut }), target: target ?? null };
}

function parseHost(host: unknown): TapeHeader['host'] {
  if (!isRecord(host)) return undefined;
  const { kernel, hostname } = host;
  return typeof kernel === 'string' && typeof hostname === 'string' ? { kernel, hostname } : undefined;
}

function parseEnd(line: string): TapeEnd | undefined {
  const end = parseJson(line);
  if (!isRecord(end) || end.end !== true) return undefined;
  const { answers, sha256 } = end;
  return typeof answers === 'number' && typeof sha256 === 'string' ? { end: true, answers, sha256 } : undefined;
}

function parseRecord(line: string, version: number, before: readonly TapeRecord[], fail: Fail): TapeRecord {
  const fields = parseJson(line);
  if (fields === undefined) return fail(`not JSON; ${AGAIN}`);
  if (!Array.isArray(fields)) return fail(`not an answer: [question, key, at, value, errno?]; ${AGAIN}`);
  if (version > 1 && fields.length === 2) {
    const { at, ...same } = { ...earlier(fields[0], before, fail), at: fields[1] as unknown };
    return typeof at === 'number' && Number.isFinite(at) ? { ...same, at } : fail(`a time that is no number; ${AGAIN}`);
  }
  const isReference = version > 1 && fields.length === 6;
  if (!isReference && (fields.length < 4 || fields.length > 5)) return fail(`not an answer: [question, key, at, value, errno?]; ${AGAIN}`);
  const [question, key, at, value, errno] = fields as unknown[];
  if (!isQuestion(question)) return fail(`unknown question ${JSON.stringify(question)}; update reloadctl, or ${AGAIN}`);
  if (typeof key !== 'string' || typeof at !== 'number' || !Number.isFinite(at)) {
    return fail(`a key that is no text, or a time that is no number; ${AGAIN}`);
  }
  if (isReference) {
    const same = earlier(fields[5], before, fail);
    // What fits one question need not fit another.
    if (same.errno === undefined && same.question !== question && !valueMatches(question, same.value)) return fail(`an answer that does not fit the question ${question}; ${AGAIN}`);
    return { question, key, at, value: same.value, errno: same.errno };
  }
  if (errno !== undefined) {
    if (typeof errno !== 'string' || !isByteString(errno) || value !== null) return fail(`an errno that is no name; ${AGAIN}`);
    return { question, key, at, value: undefined, errno };
  }
  if (!valueMatches(question, value)) return fail(`an answer that does not fit the question ${question}; ${AGAIN}`);
  return { question, key, at, value, errno: undefined };
}

/** Only what stands above can be meant: so no line can lead to itself. */
function earlier(index: unknown, before: readonly TapeRecord[], fail: Fail): TapeRecord {
  return (typeof index === 'number' ? before[index] : undefined) ?? fail(`an answer of another line that is not there; ${AGAIN}`);
}

/** undefined for what is not JSON: JSON itself has no such value. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
