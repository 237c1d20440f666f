import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { bytes, duration, plural } from '../../report/words.ts';
import type { Handle, NodeLook } from '../model.ts';
import { lookRule } from './look-rule.ts';
import { placeKey, whereOf } from './places.ts';

const ID = 'node/unconsumed-stream';
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

function isUnread({ http, unread }: Handle): boolean {
  return http?.unread === true || unread === true;
}

/** Seen twice, the very same stream. Age proves nothing: a connection outlives its requests, and a log is written for months. */
function isLasting({ pid, fd }: Handle, { unread }: NodeLook): boolean {
  return unread?.still.has(`${pid}:${fd}`) ?? false;
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
      ? `${duration(look.unread!.afterMs)} later nobody read the very same: no listener, no pipe, no iterator`
      : 'seen at one moment only: it may be read in the next',
    title: `${processLabel(look.process)}: ${plural(isFile ? 'file stream' : 'response body', handles.length, isFile ? 'file streams' : 'response bodies')} that nobody reads, ${whereOf(first)}`,
    subject: subjectOf(first.kind, placeKey(first), look.process),
    evidence: [
      ...(first.buffered === undefined ? [] : [{ name: 'in the read buffer', value: bytes(first.buffered), source: 'readableLength' }]),
      ...(first.receiveQueue === undefined ? [] : [{ name: 'waits in the kernel', value: bytes(first.receiveQueue), source: `/proc/${first.pid}/net/tcp` }]),
      { name: 'descriptor', value: first.fd ?? -1, source: `/proc/${first.pid}/fd` },
    ],
    remedy: [
      { text: isFile ? 'read it to its end, or call stream.destroy()' : READ_OR_CANCEL, risk: 'none' },
      ...(look.unread ? [] : [{ text: 'see whether it stays so', command: `reloadctl node ${look.process.pid} --watch 8s`, risk: 'none' as const }]),
    ],
    fingerprint: fingerprint(ID, first.kind, placeKey(first)),
  };
}
