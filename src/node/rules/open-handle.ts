import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import type { Handle, NodeLook } from '../model.ts';
import { closingCall } from './closing.ts';
import { lookRule } from './look-rule.ts';
import { placeKey, whereOf } from './places.ts';

const ID = 'node/open-handle';
/** More groups than so many are one more line: who asks has the table. */
const MOST = 20;

/** What keeps the loop alive. That is no fault by itself: servers are meant to. One that the other side has hung up on is. */
export const openHandle = lookRule(ID, (look) => {
  const groups = new Map<string, Handle[]>();
  for (const handle of look.handles) {
    if (handle.ref === false || (handle.stdio && handle.site === undefined) || handle.kind.startsWith('file-')) continue;
    const key = `${handle.kind}\0${placeKey(handle)}\0${isHungUp(handle, look)}`;
    groups.set(key, [...(groups.get(key) ?? []), handle]);
  }
  const sorted = [...groups.values()].sort((a, b) => Number(isHungUp(b[0]!, look)) - Number(isHungUp(a[0]!, look)) || b.length - a.length);
  return sorted.slice(0, MOST).map((handles) => findingOf(handles, look));
});

/**
 * CLOSE_WAIT, and still so at a second look: the program neither reads on, nor writes, nor closes. A server that accepts with
 * allowHalfOpen may take its time for the answer, and whoever has data to read yet, and reads, has not seen the end.
 */
function isHungUp(handle: Handle, { again }: NodeLook): boolean {
  const { state, fd, pid, halfOpen, accepted } = handle;
  return state === 'CLOSE_WAIT' && !(halfOpen && accepted) && !isBeingRead(handle) && (again?.still.has(`${pid}:${fd}`) ?? false);
}

/** The kernel counts the end of the other side as one byte. */
function isBeingRead({ receiveQueue = 0, buffered = 0, reads, http }: Handle): boolean {
  return (receiveQueue > 1 || buffered > 0) && (http ? !http.unread : reads === true);
}

function findingOf(handles: readonly Handle[], look: NodeLook): Finding {
  const [first] = handles as [Handle];
  const { process, runtime, again } = look;
  const hungUp = isHungUp(first, look);
  const where = whereOf(first);
  const who = processLabel(process);
  const what = handles.length === 1 ? `a ${first.kind}` : plural(first.kind, handles.length, first.kind.endsWith('s') ? `${first.kind}es` : `${first.kind}s`);
  return {
    id: ID,
    severity: hungUp ? 'warning' : 'info',
    confidence: hungUp ? 'likely' : 'certain',
    because: hungUp
      ? `the other side hung up, and ${duration(again!.afterMs)} later the program had not closed its end`
      : 'the runtime itself lists it as active; whether it should be, only the program knows',
    title: hungUp
      ? `${who}: ${plural('connection', handles.length)} in CLOSE_WAIT${where === '' ? '' : `, ${where}`}`
      : `${who}: ${what} ${handles.length === 1 ? 'keeps' : 'keep'} the loop alive${where === '' ? '' : `, ${where}`}`,
    subject: subjectOf(first.kind, placeKey(first), process),
    evidence: [
      { name: first.kind, value: handles.length, source: look.sites ? 'reloadctl/register' : 'process._getActiveHandles()' },
      ...(first.fd === undefined ? [] : [{ name: handles.length === 1 ? 'descriptor' : 'one of them', value: first.fd, source: `/proc/${process.pid}/fd/${first.fd}` }]),
      ...(first.state === undefined ? [] : [{ name: 'state', value: first.state, source: `/proc/${process.pid}/net/tcp` }]),
      ...(first.connections === undefined ? [] : [{ name: 'connections', value: count(first.connections), source: 'server._connections' }]),
    ],
    remedy: [{ text: closingCall(first.kind, runtime.major), risk: 'none' }],
    fingerprint: fingerprint(ID, first.kind, placeKey(first), hungUp ? 'hung up' : ''),
  };
}
