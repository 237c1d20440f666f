/** Groups by the hashes of their stacks, and what is looked at closely of each. */
import type { Frame, Group, Sample } from '../../kernel/goroutines.ts';
import { isSystem } from '../names.ts';
import { objectPlace, withoutOffset } from '../objects.ts';
import { isBlocking, isLock, stateOfStack } from '../states.ts';
import { argumentsAt, firstPointer, parseStack, type Stack } from './frames.ts';
import { GroupTable, MOST_SAMPLES, type Seen } from './group-table.ts';
import type { Header } from './header.ts';

/** From so many stacks on labels (request ids) no longer part groups. */
const MOST_LABELLED_GROUPS = 20_000;
/** Of so many of each group the arguments are kept: among those that wait for locks one of many may be the one that matters. */
const WITH_ARGUMENTS = 16;
/** So many groups, and a quarter of that must do: arguments are most of what a look at a stack costs. */
const MANY_GROUPS = 128;

export interface Known {
  group: Group;
  /** Line of the block, header excluded, whose first argument is what it waits for; -1 without. */
  line: number;
  offset: number;
  /** Line that says who started it; -1 without. */
  createdLine: number;
  /** Printed frames that are none of the group's. */
  skipped: ReadonlySet<number>;
}

/** The groups of one dump. */
export class KnownGroups {
  readonly table: GroupTable;
  /** Goroutines seen, those of the runtime aside. */
  total = 0;
  labelsDropped = false;
  private readonly known = new Map<number, Known>();
  private readonly frames = new Map<string, Frame>();

  constructor(keepRows: boolean) {
    this.table = new GroupTable(keepRows);
  }

  get(key: number): Known | undefined {
    return this.known.get(key);
  }

  /** How many of a group are looked at with their arguments. */
  wantsArguments({ samples, state }: Group): boolean {
    const most = isLock(state) ? MOST_SAMPLES : WITH_ARGUMENTS;
    return samples.length < (this.table.groups.length > MANY_GROUPS ? most / 4 : most);
  }

  /** @param lines of the block behind its header @returns the group, with this goroutine counted */
  addNew(key: number, header: Header, id: string, lines: readonly string[]): Known {
    const stack = parseStack(lines, this.frames);
    const made = this.newGroup(header, stack, lines);
    this.known.set(key, made);
    const line = made.line < 0 ? '' : (lines[made.line] ?? '');
    const argument = firstPointer(line.slice(Math.max(0, argumentsAt(line))));
    const object = argument === undefined ? undefined : withoutOffset(argument, made.offset);
    this.sample(made.group, header, id, object === undefined ? -1 : Number(object), stack.args, stack.parent);
    return made;
  }

  /** @param args of each frame; none where only ids and objects are wanted */
  sample(group: Group, header: Header, id: string, object: number, args: string[][], parent: string | undefined): void {
    const { waitMinutes } = header;
    this.count(group, header, id, object, parent, {
      id,
      args,
      ...(object >= 0 && { object: `0x${object.toString(16)}` }),
      ...(waitMinutes !== undefined && { waitMinutes }),
      ...(parent !== undefined && { parent }),
    });
  }

  count(group: Group, { waitMinutes, lockedToThread, leaked }: Header, id: string, object: number, parent: string | undefined, sample?: Sample): void {
    const seen: Seen = { id, lockedToThread, leaked, object, parent };
    if (waitMinutes !== undefined) seen.waitMinutes = waitMinutes;
    this.table.count(group, seen, sample);
    if (!group.system) this.total++;
  }

  private newGroup(header: Header, { frames, elided, creator, firsts, skipped }: Stack, lines: readonly string[]): Known {
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
    const createdLine = lines.findIndex((line) => line.startsWith('created by '));
    return { group, line: place ? lineOfFrame(lines, printed(place.frame, skipped)) : -1, offset: place?.offset ?? 0, createdLine, skipped };
  }
}

/** The number of a frame among those that were printed. */
function printed(frame: number, skipped: ReadonlySet<number>): number {
  let at = 0;
  for (let left = frame; ; at++) if (!skipped.has(at) && left-- === 0) return at;
}

function lineOfFrame(lines: readonly string[], frame: number): number {
  let seen = -1;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === '' || /^\s|^\.\.\.|^created by /.test(line)) continue;
    if (++seen === frame) return i;
  }
  return -1;
}
