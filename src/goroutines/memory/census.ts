/** Goroutines that were read, as groups: what a dump of text becomes, too. */
import type { Cut, Dump, Frame, Group, Sample } from '../../kernel/goroutines.ts';
import { isSystem, ownedBy } from '../names.ts';
import { semaphoreOffset } from '../objects.ts';
import { GroupTable, MOST_SAMPLES, type Seen } from '../parse/group-table.ts';
import { SeenIds } from '../parse/seen-ids.ts';
import { isBlocking, isLock, stateOfStack } from '../states.ts';
import { type Calls, isShown, printedName } from './calls.ts';
import { isRuntimeStart } from './count.ts';
import { Labels } from './labels.ts';
import { LiveWords } from './live-words.ts';
import type { Program } from './program.ts';
import { isLeaked, minutesOf, printedState, type Raw } from './raw.ts';
import type { Space } from './space.ts';
import type { Stack } from './stacks.ts';
import { Taken } from './taken.ts';
import type { Found } from './waits.ts';

/** One goroutine that waits for a descriptor. */
export interface Connection {
  group: number;
  fd: number;
  id: string;
}

const MOST_CONNECTIONS = 20_000;
/** Stacks that are read once more for what is at hand in them: of labels that all differ each goroutine is a group. */
const MOST_LOOKED = 10_000;

export class Census {
  /** All that were added. */
  read = 0;
  /** The collector has noted of one at least since when it waits. */
  hasTimes = false;
  readonly connections: Connection[] = [];
  private readonly program: Program;
  private readonly nowNs: number;
  private readonly live: LiveWords;
  private readonly labels: Labels;
  private readonly taken: Taken;
  private readonly table: GroupTable;
  private readonly groups = new Map<Stack | undefined, Map<string, Group>>();
  private readonly creators = new Map<number, Frame | undefined>();
  private readonly systems = new Map<number, boolean>();
  private readonly ids = new SeenIds();
  private total = 0;
  private looked: number;

  constructor(program: Program, space: Space, calls: Calls, { rows, nowNs, light = false }: { rows: boolean; nowNs: number; light?: boolean }) {
    this.program = program;
    this.nowNs = nowNs;
    this.live = new LiveWords(program, space, calls);
    this.taken = new Taken(program, calls);
    this.labels = new Labels(space, program.layout.labelList);
    this.table = new GroupTable(rows);
    this.looked = light ? MOST_LOOKED : 0;
  }

  /** To be called once, when all were added. */
  dump(notes: readonly string[], cut: Cut | undefined): Dump {
    this.table.finish();
    const { groups, rows } = this.table;
    for (const group of groups) {
      const told = group.samples.flatMap(({ parent }) => parent ?? []);
      if (told.length > 0) group.parents = { told: told.length, gone: told.filter((parent) => !this.ids.has(Number(parent))).length };
    }
    return {
      format: 'memory', profile: 'goroutine', total: this.total, groups, bytes: 0, goVersion: this.program.version,
      notes: [...notes, ...(this.labels.dropped ? ['so many sets of labels that some were left out'] : [])],
      ...(rows && { rows }),
      ...(cut && { cut }),
    };
  }

  add(raw: Raw, stack: Stack | undefined, found: Found | undefined): void {
    this.read++;
    if (raw.waitsince !== 0) this.hasTimes = true;
    const group = this.groupOf(raw, stack);
    const waitMinutes = minutesOf(raw, this.nowNs);
    const object = objectOf(group, found);
    const id = String(raw.id);
    this.ids.add(raw.id);
    const parent = raw.parent === 0 ? undefined : String(raw.parent);
    const seen: Seen = { id, lockedToThread: raw.locked, leaked: isLeaked(raw), parent, channels: found?.channels, ...(found?.timed && { timed: true }), ...(object && { object: object.address }) };
    if (waitMinutes !== undefined) seen.waitMinutes = waitMinutes;
    if (object && !group.objectKind) group.objectKind = object.kind;
    const isSample = group.samples.length < MOST_SAMPLES;
    const args = isSample && stack && this.program.machine === 'amd64' && this.looked++ < MOST_LOOKED ? this.live.of(stack, raw) : [];
    const sample: Sample | undefined = isSample ? { id, args, ...(waitMinutes !== undefined && { waitMinutes }), ...(parent !== undefined && { parent }), ...(object && { object: hex(object.address) }) } : undefined;
    this.table.count(group, seen, sample);
    if (!group.system) this.total++;
    if (found?.descriptor !== undefined && this.connections.length < MOST_CONNECTIONS) this.connections.push({ group: group.index, fd: found.descriptor, id });
  }

  private groupOf(raw: Raw, stack: Stack | undefined): Group {
    let known = this.groups.get(stack);
    if (!known) this.groups.set(stack, (known = new Map()));
    const labels = this.labels.at(raw.labels);
    const key = `${raw.status} ${raw.reason} ${raw.gopc} ${raw.startpc} ${raw.labels === 0 ? '' : JSON.stringify(labels)}`;
    let group = known.get(key);
    if (group) return group;
    const creator = this.creatorOf(raw);
    const printed = printedState(raw, this.program.waitReasons);
    const frames = stack?.frames ?? [];
    const state = stateOfStack(printed, frames);
    group = this.table.add({
      state, stateFrom: state === printed ? 'printed' : 'frames', frames, elided: stack?.elided ?? false, labels,
      system: this.isOfRuntime(raw.startpc) || (frames.length > 0 && raw.startpc === 0 && isSystem(frames, creator)),
      ...(creator && { creator }),
    });
    // Who waits for something else may hold what others wait for.
    const took = stack && !group.system ? this.taken.of(stack) : undefined;
    if (took) group.took = took;
    known.set(key, group);
    return group;
  }

  /** runtime/traceback.go printcreatedby. */
  private creatorOf({ gopc, id }: Raw): Frame | undefined {
    if (id === 1 || gopc === 0) return undefined;
    if (this.creators.has(gopc)) return this.creators.get(gopc);
    const { functions } = this.program;
    const fn = functions.find(gopc);
    const isTold = fn && isShown(fn.name, fn.id === functions.wrapperId, false, '');
    const creator = isTold ? ownedBy({ func: printedName(fn.name), ...fn.table.position(fn, gopc > fn.entry ? gopc - functions.header.quantum : gopc) }, this.program.build.module) : undefined;
    this.creators.set(gopc, creator);
    return creator;
  }

  private isOfRuntime(startpc: number): boolean {
    let known = this.systems.get(startpc);
    if (known === undefined) {
      known = isRuntimeStart(this.program.functions.find(startpc)?.name ?? '');
      this.systems.set(startpc, known);
    }
    return known;
  }
}

function objectOf({ state, frames }: Group, found: Found | undefined): { kind: 'channel' | 'lock'; address: number } | undefined {
  if (!found || !isBlocking(state)) return undefined;
  const [channel, ...more] = found.channels ?? [];
  if (channel !== undefined) return more.length === 0 ? { kind: 'channel', address: channel } : undefined;
  if (found.cond !== undefined) return { kind: 'lock', address: found.cond };
  if (found.semaphore === undefined || !(isLock(state) || state === 'sync.WaitGroup.Wait')) return undefined;
  return { kind: 'lock', address: found.semaphore - semaphoreOffset(frames) };
}

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
