/** debug=1: groups as runtime/pprof printCountProfile writes them. Without ids, states and waiting times. */
import { type Dump, type Frame, type Group, UNKNOWN_STATE } from '../../kernel/goroutines.ts';
import { isSystem } from '../names.ts';
import { stateOfFrames } from '../states.ts';
import { GroupTable } from './group-table.ts';
import { parseLabels } from './header.ts';

/** Of another profile in the same form: threads, mutexes, heap. */
export const OTHER_PROFILE = /^(?:(threadcreate|heap|allocs|mutex|block) profile: |--- (mutex|contention):)/;
export const FIRST_LINE = /^(goroutine|goroutineleak) profile: total (\d+)\s*$/;
const COUNT = /^(\d+) @((?: 0x[\da-f]+)*)\s*$/;
const PLACE = /^#\t(0x[\da-f]+)\t+(\S.*?)(?:\+0x[\da-f]+)?\t+(\S.*):(\d+)\s*$/;

/** Lines of our own export, which the runtime does not write. */
const STATE = /^# state: ([\w .()]+)$/;
const CREATED = /^# created by: (.+)\t(.*):(\d+)\s*$/;

/** Which of both the addresses do not tell. */
const CHANNEL_STATE = 'chan send or receive';

interface Draft {
  count: number;
  /** Return addresses, those of hidden frames too. */
  pcs: string[];
  /** Of the first frame that is shown. */
  firstPlace?: string;
  frames: Frame[];
  labels: Record<string, string>;
  state?: string;
  creator?: Frame;
}

/** Line by line, so that a file of any size can be read. */
export class ProfileTextReader {
  private readonly table = new GroupTable(false);
  private readonly known = new Map<string, ReturnType<GroupTable['add']>>();
  private draft: Draft | undefined;
  private announced: number | undefined;
  private profile: Dump['profile'] = 'goroutine';
  private bytes = 0;
  private readonly hidden: { group: Group; pcs: string[]; firstPlace: string }[] = [];
  private parked: string | undefined;

  line(line: string): void {
    this.bytes += line.length + 1;
    const first = FIRST_LINE.exec(line);
    if (first) {
      this.announced = Number(first[2]);
      this.profile = first[1] === 'goroutineleak' ? 'goroutineleak' : 'goroutine';
      return;
    }
    const count = COUNT.exec(line);
    if (count) {
      this.flush();
      this.draft = { count: Number(count[1]), pcs: count[2]!.trim().split(' '), frames: [], labels: {} };
      return;
    }
    if (!this.draft) return;
    const place = PLACE.exec(line);
    if (place) {
      this.draft.firstPlace ??= place[1]!;
      this.draft.frames.push({ func: place[2]!, file: place[3]!, line: Number(place[4]) });
      return;
    }
    if (line.startsWith('# labels: ')) this.draft.labels = parseLabels(line.slice('# labels: '.length));
    const state = STATE.exec(line);
    if (state) this.draft.state = state[1]!;
    const created = CREATED.exec(line);
    if (created) this.draft.creator = { func: created[1]!, file: created[2]!, line: Number(created[3]) };
  }

  end(): Dump {
    this.flush();
    const { groups } = this.table;
    for (const { group, pcs, firstPlace } of this.hidden) if (this.profile === 'goroutineleak' || pcs[0] === this.parked) group.state = hiddenState(pcs, firstPlace);
    const total = groups.reduce((sum, { count }) => sum + count, 0);
    const missing = this.announced !== undefined && total < this.announced;
    return {
      format: 'profile-text',
      profile: this.profile,
      total,
      groups,
      notes: [],
      bytes: this.bytes,
      ...(missing && { cut: { kind: 'mid-goroutine' as const, detail: `${total} of ${this.announced} goroutines are in the file` } }),
    };
  }

  private flush(): void {
    const { draft } = this;
    if (!draft) return;
    this.draft = undefined;
    const { labels, count, frames, pcs, firstPlace = '', state, creator } = draft;
    const key = JSON.stringify([frames, labels, state, creator]);
    let group = this.known.get(key);
    if (!group) {
      group = this.table.add({ state: state ?? stateOfFrames(frames), stateFrom: 'frames', frames, elided: false, labels, system: isSystem(frames, creator), ...(creator && { creator }) });
      this.known.set(key, group);
      // A goroutine that waits for the network or a lock is parked for certain, and all are parked by one function.
      if (group.state === UNKNOWN_STATE) this.hidden.push({ group, pcs, firstPlace });
      else if (/^(IO wait|sync\.)/.test(group.state)) this.parked ??= pcs[0];
    }
    group.count += count;
    if (this.profile === 'goroutineleak') group.leaked += count;
  }
}

/** gopark, chansend, chansend1 (or chanrecv, chanrecv1) are hidden of a channel; gopark and selectgo of a select. */
function hiddenState(pcs: readonly string[], firstPlace: string): string {
  // Places are shown one below the return address.
  const hidden = pcs.findIndex((pc) => Number(pc) - 1 === Number(firstPlace));
  if (hidden === 2) return 'select';
  return hidden === 3 ? CHANNEL_STATE : UNKNOWN_STATE;
}
