/** debug=0: a profile.proto of goroutines (google/pprof proto/profile.proto), unpacked. */
import { type Dump, type Frame, type Group, UNKNOWN_STATE } from '../../kernel/goroutines.ts';
import { isSystem } from '../names.ts';
import { OWN_PROFILE } from '../export/pprof.ts';
import { stateOfFrames } from '../states.ts';
import { GroupTable } from './group-table.ts';
import { fieldsOf, numbersOf, ProtobufError } from './protobuf.ts';

interface Fn {
  name: number;
  file: number;
  startLine: number;
}

interface Line {
  fn: number;
  line: number;
}

interface SampleDraft {
  locations: number[];
  values: number[];
  labels: [key: number, value: number, isNumber: boolean][];
}

interface Raw {
  strings: string[];
  functions: Map<number, Fn>;
  locations: Map<number, Line[]>;
  samples: SampleDraft[];
  types: number[];
  timeNanos: number;
  comments: number[];
}

/** What it measures when it is no profile of goroutines. */
export class OtherProfile extends Error {
  override readonly name = 'OtherProfile';
}

/** Throws ProtobufError for what is no profile, OtherProfile for one of something else. */
export function parseProfile(buffer: Buffer): Dump {
  const raw = readRaw(buffer);
  const text = (index: number): string => raw.strings[index] ?? '';
  const types = raw.types.map(text);
  if (raw.strings.length === 0 || types.length === 0) throw new ProtobufError('no profile');
  const column = types.findIndex((type) => /^(goroutine|goroutines|goroutineleak)$/.test(type));
  if (column < 0) throw new OtherProfile(`a profile of ${types.join(', ')}`);
  const isOwn = raw.comments.some((comment) => text(comment) === OWN_PROFILE);
  const table = new GroupTable(false);
  const known = new Map<string, Group>();
  let total = 0;
  for (const sample of raw.samples) {
    const count = sample.values[column] ?? 0;
    const labels: Record<string, string> = {};
    for (const [key, value, isNumber] of sample.labels) {
      Object.defineProperty(labels, text(key), { value: isNumber ? String(value) : text(value), enumerable: true, writable: true, configurable: true });
    }
    const { frames, startLines } = framesOf(sample, raw, text);
    const told = isOwn ? takeOwn(labels, frames) : undefined;
    const state = told?.state ?? stateOfFrames(frames, startLines);
    const shown = told ? frames : withoutParking(frames);
    const creator = told?.creator;
    // One stack may be several samples: they differ in addresses within the same line.
    const key = JSON.stringify([state, shown, labels, creator]);
    let group = known.get(key);
    if (!group) {
      group = table.add({ state, stateFrom: 'frames', frames: shown, elided: false, labels, system: isSystem(frames, creator), ...(creator && { creator }) });
      known.set(key, group);
    }
    group.count += count;
    if (types[column] === 'goroutineleak') group.leaked += count;
    total += count;
  }
  return {
    format: 'profile',
    profile: types[column] === 'goroutineleak' ? 'goroutineleak' : 'goroutine',
    total,
    groups: table.groups.filter((group) => group.count > 0),
    notes: table.groups.some(({ count }) => count < 0) ? ['negative counts (a delta of two profiles) are left out'] : [],
    bytes: buffer.length,
  };
}

function readRaw(buffer: Buffer): Raw {
  const raw: Raw = { strings: [], functions: new Map(), locations: new Map(), samples: [], types: [], timeNanos: 0, comments: [] };
  for (const field of fieldsOf(buffer)) {
    const { number, bytes } = field;
    if (!bytes) {
      if (number === 9) raw.timeNanos = field.value;
      if (number === 13) raw.comments.push(field.value);
      continue;
    }
    if (number === 1) for (const part of fieldsOf(bytes)) if (part.number === 1) raw.types.push(part.value);
    if (number === 2) raw.samples.push(readSample(bytes));
    if (number === 4) readLocation(bytes, raw.locations);
    if (number === 5) readFunction(bytes, raw.functions);
    if (number === 6) raw.strings.push(bytes.toString('latin1'));
  }
  return raw;
}

function readSample(bytes: Buffer): SampleDraft {
  const sample: SampleDraft = { locations: [], values: [], labels: [] };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) sample.locations.push(...numbersOf(field));
    if (field.number === 2) sample.values.push(...numbersOf(field));
    if (field.number === 3 && field.bytes) sample.labels.push(readLabel(field.bytes));
  }
  return sample;
}

function readLabel(bytes: Buffer): [number, number, boolean] {
  const values = [0, 0, 0, 0];
  for (const { number, value } of fieldsOf(bytes)) if (number < 4) values[number] = value;
  return values[2] === 0 && values[3] !== 0 ? [values[1]!, values[3]!, true] : [values[1]!, values[2]!, false];
}

function readLocation(bytes: Buffer, locations: Raw['locations']): void {
  let id = 0;
  const lines: Line[] = [];
  for (const { number, value, bytes: inner } of fieldsOf(bytes)) {
    if (number === 1) id = value;
    if (number !== 4 || !inner) continue;
    const line: Line = { fn: 0, line: 0 };
    for (const part of fieldsOf(inner)) {
      if (part.number === 1) line.fn = part.value;
      if (part.number === 2) line.line = part.value;
    }
    lines.push(line);
  }
  locations.set(id, lines);
}

function readFunction(bytes: Buffer, functions: Raw['functions']): void {
  let id = 0;
  const fn: Fn = { name: 0, file: 0, startLine: 0 };
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1) id = value;
    if (number === 2) fn.name = value;
    if (number === 4) fn.file = value;
    if (number === 5) fn.startLine = value;
  }
  functions.set(id, fn);
}

function framesOf({ locations }: SampleDraft, raw: Raw, text: (index: number) => string): { frames: Frame[]; startLines: number[] } {
  const frames: Frame[] = [];
  const startLines: number[] = [];
  for (const id of locations) {
    for (const { fn, line } of raw.locations.get(id) ?? []) {
      const found = raw.functions.get(fn);
      frames.push({ func: text(found?.name ?? 0), file: text(found?.file ?? 0), line });
      startLines.push(found?.startLine ?? 0);
    }
  }
  return { frames, startLines };
}

/** What our own export wrote as labels: taken out of them, and the creator off the end of the stack. */
function takeOwn(labels: Record<string, string>, frames: Frame[]): { state: string; creator?: Frame } {
  const { state = UNKNOWN_STATE, 'created by': created } = labels;
  for (const name of ['state', 'owner', 'wait', 'created by']) delete labels[name];
  const creator = created !== undefined && frames.at(-1)?.func === created ? frames.pop() : undefined;
  return { state, ...(creator && { creator }) };
}

/** The runtime's own innermost frames are what the state says: text dumps leave them out, too. */
function withoutParking(frames: Frame[]): Frame[] {
  const first = frames.findIndex(({ func }) => !func.startsWith('runtime.'));
  return first > 0 ? frames.slice(first) : frames;
}
