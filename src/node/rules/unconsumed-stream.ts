import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { bytes, duration, plural } from '../../report/words.ts';
import type { Handle, NodeLook } from '../model.ts';
import { lookRule } from './look-rule.ts';
import { placeKey, whereOf } from './places.ts';

const ID = 'node/unconsumed-stream';
/** A stream that was opened so long ago and never read is forgotten, ms. */
const OLD_MS = 10_000;
const READ_OR_CANCEL = 'read the body to its end (await response.text(), response.resume()), or cancel it: await response.body.cancel(), response.destroy()';

/** A response, or a file, that was asked for and that nobody reads: its connection or descriptor stays until the end of the process. */
export const unconsumedStream = lookRule(ID, (look) => {
  const groups = new Map<string, Handle[]>();
  for (const handle of look.handles) {
    if (!isUnread(handle)) continue;
    const key = `${handle.kind}\0${placeKey(handle)}\0${isLasting(handle, look)}`;
    groups.set(key, [...(groups.get(key) ?? []), handle]);
  }
  return [...groups.values()].map((handles) => findingOf(handles, look));
});

function isUnread({ kind, http, flowing, reads, ended }: Handle): boolean {
  if (http?.unread) return true;
  // Opened, and neither piped nor read: nothing was ever asked of it.
  return kind === 'file-stream' && flowing !== true && !reads && !ended;
}

function isLasting({ pid, fd, ageMs = 0 }: Handle, { again }: NodeLook): boolean {
  return ageMs >= OLD_MS || (again?.still.has(`${pid}:${fd}`) ?? false);
}

function findingOf(handles: readonly Handle[], look: NodeLook): Finding {
  const [first] = handles as [Handle];
  const lasting = isLasting(first, look);
  const isFile = first.kind === 'file-stream';
  return {
    id: ID,
    severity: lasting ? 'warning' : 'info',
    confidence: lasting ? 'likely' : 'hint',
    because: lasting
      ? (first.ageMs ?? 0) >= OLD_MS ? `it is ${duration(first.ageMs!)} old, and nobody reads it` : `${duration(look.again!.afterMs)} later it was as it had been`
      : 'seen at one moment only: it may be read in the next',
    title: `${processLabel(look.process)}: ${plural(isFile ? 'file stream' : 'response body', handles.length, isFile ? 'file streams' : 'response bodies')} that nobody reads, ${whereOf(first)}`,
    subject: subjectOf(first.kind, placeKey(first), look.process),
    evidence: [
      ...(first.buffered === undefined ? [] : [{ name: 'in the read buffer', value: bytes(first.buffered), source: 'readableLength' }]),
      ...(first.receiveQueue === undefined ? [] : [{ name: 'waits in the kernel', value: bytes(first.receiveQueue), source: `/proc/${first.pid}/net/tcp` }]),
      { name: 'descriptor', value: first.fd ?? -1, source: `/proc/${first.pid}/fd` },
    ],
    remedy: [{ text: isFile ? 'read it to its end, or call stream.destroy()' : READ_OR_CANCEL, risk: 'none' }],
    fingerprint: fingerprint(ID, first.kind, placeKey(first)),
  };
}
