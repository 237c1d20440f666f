import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { duration, plural } from '../../report/words.ts';
import type { Handle, NodeLook } from '../model.ts';
import { closingCall } from './closing.ts';
import { lookRule } from './look-rule.ts';
import { placeKey, whereOf } from './places.ts';

const ID = 'node/file-handle';
/** From here on a FileHandle that is collected throws, and ends the process (nodejs/node#58536). */
const THROWS_FROM = 25;

type State = 'lost' | 'held' | 'idle' | 'used';

/** A FileHandle that nobody closed: where nobody holds it either, the garbage collection that finds it ends the process, from Node 25 on. */
export const fileHandle = lookRule(ID, (look) => {
  const groups = new Map<string, Handle[]>();
  for (const handle of look.handles) {
    if (handle.kind !== 'file-handle') continue;
    const key = `${placeKey(handle)}\0${stateOf(handle, look)}`;
    groups.set(key, [...(groups.get(key) ?? []), handle]);
  }
  return [...groups.values()].map((handles) => findingOf(handles, look));
});

/** Idle: open at both looks, at the same place in the file. */
function stateOf({ pid, fd, held }: Handle, { again }: NodeLook): State {
  if (held !== undefined) return held ? 'held' : 'lost';
  return again?.still.has(`${pid}:${fd}`) ? 'idle' : 'used';
}

function becauseOf(state: State, throws: boolean, look: NodeLook): string {
  if (state === 'lost') return `nobody holds it any more: a garbage collection found it${throws ? ', which ends the process (ERR_INVALID_STATE) where it is not held by reloadctl/register' : ''}`;
  if (state === 'held') return 'the program holds it: it survived a garbage collection';
  if (state === 'idle') return `open and not used for ${duration(look.again!.afterMs)}; whether the program still holds it, a garbage collection will tell`;
  return 'it is in use';
}

function findingOf(handles: readonly Handle[], look: NodeLook): Finding {
  const [first] = handles as [Handle];
  const state = stateOf(first, look);
  const throws = look.runtime.major >= THROWS_FROM;
  return {
    id: ID,
    severity: state !== 'lost' ? 'info' : throws ? 'critical' : 'warning',
    confidence: state === 'lost' || state === 'held' ? 'certain' : 'hint',
    because: becauseOf(state, throws, look),
    title: `${processLabel(look.process)}: ${plural('FileHandle', handles.length)} not closed, ${whereOf(first)}`,
    subject: subjectOf('file-handle', placeKey(first), look.process),
    evidence: [
      { name: 'FileHandles', value: handles.length, source: 'reloadctl/register' },
      { name: 'descriptor', value: first.fd ?? -1, source: `/proc/${first.pid}/fd/${first.fd ?? ''}` },
      ...(first.ageMs === undefined ? [] : [{ name: 'age', value: duration(first.ageMs), source: 'reloadctl/register' }]),
      { name: 'Node', value: look.runtime.version, source: 'process.version' },
    ],
    remedy: [{ text: closingCall('file-handle', look.runtime.major), risk: 'none' }],
    fingerprint: fingerprint(ID, placeKey(first), state === 'lost' ? state : ''),
  };
}
