/** The text below the findings: who holds what, then what each part shows, as its own command does. */
import type { ReportOutcome } from '../command.ts';
import type { Block, Cell } from '../render/index.ts';
import { count, duration, listOf, plural } from '../report/words.ts';
import { type Holder, type Joined, statesText } from './join.ts';
import type { PartName } from './parts.ts';

const HOLDERS_SHOWN = 12;
const LISTENERS_SHOWN = 12;
const WATCHERS_SHOWN = 8;

const TITLES: Record<PartName, string> = {
  fds: 'descriptors', listen: 'listeners', inotify: 'inotify', tasks: 'threads', goroutines: 'goroutines', node: 'handles of Node',
};

export interface Section {
  name: PartName;
  body: ReportOutcome['body'];
}

export function* viewOf(joined: Joined, sections: readonly Section[]): Generator<Block> {
  yield* joinedBlocks(joined);
  for (const { name, body } of sections) {
    yield { type: 'heading', text: TITLES[name] };
    yield* trimmed(body());
  }
}

/** A heading stands before it already. */
function* trimmed(blocks: Iterable<Block>): Generator<Block> {
  let begun = false;
  for (const block of blocks) {
    if (!begun && block.type === 'blank') continue;
    begun = true;
    yield block;
  }
}

function* joinedBlocks({ holders, watches, listeners }: Joined): Generator<Block> {
  if (holders.length > 0) {
    yield { type: 'heading', text: 'who holds which sockets' };
    yield {
      type: 'table',
      columns: [{ title: 'SOCKETS', align: 'right' }, { title: 'HELD BY', flex: true, min: 24 }, { title: 'STATES', flex: true, min: 12 }, { title: 'OTHER END', flex: true, min: 12 }],
      rows: holders.slice(0, HOLDERS_SHOWN).map((holder): Cell[] => [count(holder.sockets), whoText(holder), statesText(holder.byState), holder.peers.map(({ peer, count: n }) => (n === 1 ? peer : `${peer} (${count(n)})`)).join(', ')]),
    };
    if (holders.length > HOLDERS_SHOWN) yield { type: 'paragraph', text: `and ${plural('more holder', holders.length - HOLDERS_SHOWN)} (--json has all)`, tone: 'dim' };
  }
  const aged = listeners.filter(({ generations }) => generations.length > 0);
  if (aged.length > 0) {
    yield { type: 'heading', text: 'which run of the program has which listener' };
    yield {
      type: 'table',
      columns: [{ title: 'LISTENER', flex: true, min: 16 }, { title: 'QUEUE', align: 'right' }, { title: 'STARTED', align: 'right' }, { title: 'BY', flex: true, min: 16 }],
      rows: aged.slice(0, LISTENERS_SHOWN).flatMap(({ address, port, queue, backlog, generations }) =>
        generations.map(({ comm, pids, ageMs }): Cell[] => [
          port === null ? address || '(unnamed)' : `${address.includes(':') ? `[${address}]` : address}:${port}`,
          queue === null ? '-' : `${count(queue)}${backlog === null ? '' : ` of ${count(backlog)}`}`,
          ageMs === null ? '-' : `${duration(ageMs)} ago`,
          `${comm} ${pids.length === 1 ? pids[0] : `(${plural('process', pids.length, 'processes')}: ${listOf(pids, 3)})`}`,
        ]),
      ),
    };
    if (aged.length > LISTENERS_SHOWN) yield { type: 'paragraph', text: `and ${plural('more listener', aged.length - LISTENERS_SHOWN)} (--json has all)`, tone: 'dim' };
  }
  const named = watches.filter(({ library, dead }) => library !== null || dead > 0);
  if (named.length > 0) {
    yield { type: 'heading', text: 'which library watches what' };
    yield {
      type: 'table',
      columns: [{ title: 'WATCHES', align: 'right' }, { title: 'LIBRARY' }, { title: 'INSTANCE' }, { title: 'DEAD', align: 'right' }, { title: 'SUCH AS', flex: true, min: 16 }],
      rows: named.slice(0, WATCHERS_SHOWN).map(({ pid, fd, library, watches: many, dead, examples }): Cell[] => [many === null ? '-' : count(many), library ?? '-', `fd ${fd} of ${pid}`, dead > 0 ? { text: count(dead), tone: 'warning' } : '0', examples.join(', ')]),
    };
  }
}

function whoText({ by, who, how }: Holder): string {
  return by === 'goroutines' ? `${who} (${how})` : who;
}
