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

/** A FileHandle that nobody uses and nobody closed: the garbage collection that finds it ends the process, from Node 25 on. */
export const fileHandle = lookRule(ID, (look) => {
  const groups = new Map<string, Handle[]>();
  for (const handle of look.handles) {
    if (handle.kind !== 'file-handle') continue;
    const key = `${placeKey(handle)}\0${isIdle(handle, look)}`;
    groups.set(key, [...(groups.get(key) ?? []), handle]);
  }
  return [...groups.values()].map((handles) => findingOf(handles, look));
});

/** Open at both looks, at the same place in the file. */
function isIdle({ pid, fd }: Handle, { again }: NodeLook): boolean {
  return again?.still.has(`${pid}:${fd}`) ?? false;
}

function findingOf(handles: readonly Handle[], look: NodeLook): Finding {
  const [first] = handles as [Handle];
  const idle = isIdle(first, look);
  const throws = look.runtime.major >= THROWS_FROM;
  return {
    id: ID,
    severity: idle ? (throws ? 'critical' : 'warning') : 'info',
    confidence: idle ? 'likely' : 'hint',
    because: idle
      ? `open and not used for ${duration(look.again!.afterMs)}${throws ? '; if the program has lost it, the next garbage collection ends the process (ERR_INVALID_STATE)' : ''}`
      : 'it may be in use: seen at one moment only',
    title: `${processLabel(look.process)}: ${plural('FileHandle', handles.length)} not closed, ${whereOf(first)}`,
    subject: subjectOf('file-handle', placeKey(first), look.process),
    evidence: [
      { name: 'FileHandles', value: handles.length, source: 'reloadctl/register' },
      { name: 'descriptor', value: first.fd ?? -1, source: `/proc/${first.pid}/fd/${first.fd ?? ''}` },
      ...(first.ageMs === undefined ? [] : [{ name: 'age', value: duration(first.ageMs), source: 'reloadctl/register' }]),
      { name: 'Node', value: look.runtime.version, source: 'process.version' },
    ],
    remedy: [{ text: closingCall('file-handle', look.runtime.major), risk: 'none' }],
    fingerprint: fingerprint(ID, placeKey(first)),
  };
}
