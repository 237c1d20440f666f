/** Groups by the hashes of their stacks, and what is looked at closely of each. */
import type { Group, Sample } from '../../kernel/goroutines.ts';
import { isSystem } from '../names.ts';
import { objectPlace } from '../objects.ts';
import { isBlocking, isLock, stateOfStack } from '../states.ts';
import { type KnownFrames, parseStack, type Stack } from './frames.ts';
import { GroupTable, MOST_SAMPLES, type Seen } from './group-table.ts';
import type { Header } from './header.ts';
import { SeenSample, Words } from './words.ts';

/** From so many stacks on labels (request ids) no longer part groups. */
const MOST_LABELLED_GROUPS = 20_000;
/** Of so many of each group the arguments are kept: among those that wait for locks one of many may be the one that matters. */
const WITH_ARGUMENTS = 16;
/** So many groups, and a quarter of that must do, except of those that wait for locks: close looks are most of what such a dump costs. */
const MANY_GROUPS = 128;

export interface Known {
  group: Group;
  /** Line of the block, header excluded, whose first argument is what it waits for; -1 without. */
  line: number;
  offset: number;
  /** Line that says who started it; -1 without. */
  createdLine: number;
  /** The lines of its frames. */
  calls: readonly number[];
}

/** A goroutine: its id as text, empty where no text of it is kept, and as a number. */
export interface Named {
  id: string;
  number: number;
}

/** The groups of one dump. */
export class KnownGroups {
  readonly table: GroupTable;
  readonly words = new Words();
  /** Goroutines seen, those of the runtime aside. */
  total = 0;
  labelsDropped = false;
  private readonly known = new Map<number, Known>();
  private readonly frames: KnownFrames = new Map();

  constructor(keepRows: boolean) {
    this.table = new GroupTable(keepRows);
  }

  get(key: number): Known | undefined {
    return this.known.get(key);
  }

  /** Is one more of the group looked at closely? */
  wantsSample({ samples, state }: Group): boolean {
    return samples.length < (this.table.groups.length > MANY_GROUPS && !isLock(state) ? MOST_SAMPLES / 4 : MOST_SAMPLES);
  }

  /** And with its arguments? */
  wantsArguments({ samples, state }: Group): boolean {
    const most = isLock(state) ? MOST_SAMPLES : WITH_ARGUMENTS;
    return samples.length < (this.table.groups.length > MANY_GROUPS ? most / 4 : most);
  }

  /** @param lines of the block behind its header @returns the group, of which nobody is counted yet */
  addNew(key: number, header: Header, lines: readonly string[]): Known {
    const made = this.newGroup(header, parseStack(lines, this.frames));
    this.known.set(key, made);
    return made;
  }

  /** @param start of its arguments among `words`, of so many frames: of none where only ids and objects are wanted */
  sample(group: Group, header: Header, { id, number }: Named, object: number, start: number, frames: number, parent: string | undefined): void {
    const { waitMinutes } = header;
    const sample = new SeenSample(id, this.words, start, frames);
    if (object >= 0) sample.object = `0x${object.toString(16)}`;
    if (waitMinutes !== undefined) sample.waitMinutes = waitMinutes;
    if (parent !== undefined) sample.parent = parent;
    this.count(group, header, { id, number }, object, parent, sample);
  }

  count(group: Group, { waitMinutes, lockedToThread, leaked }: Header, { id, number }: Named, object: number, parent: string | undefined, sample?: Sample): void {
    const seen: Seen = { id, number, lockedToThread, leaked, object, parent };
    if (waitMinutes !== undefined) seen.waitMinutes = waitMinutes;
    this.table.count(group, seen, sample);
    if (!group.system) this.total++;
  }

  private newGroup(header: Header, { frames, elided, creator, firsts, calls, createdLine }: Stack): Known {
    if (header.labelText !== '' && !this.labelsDropped && this.known.size > MOST_LABELLED_GROUPS) this.labelsDropped = true;
    const state = stateOfStack(header.state, frames);
    const group = this.table.add({
      state,
      stateFrom: state === header.state ? 'printed' : 'frames',
      frames,
      elided,
      labels: this.labelsDropped ? {} : header.labels,
      system: isSystem(frames, creator),
      ...(creator && { creator }),
    });
    const place = isBlocking(state) ? objectPlace(frames, firsts) : undefined;
    if (place) group.objectKind = place.kind;
    return { group, line: place ? calls[place.frame]! : -1, offset: place?.offset ?? 0, createdLine, calls };
  }
}
