/** What was checked, as a list: what is fine is shown too, since silence about a check says nothing. */
import { decodeText } from '../kernel/text.ts';
import type { Block, Cell, Tone } from '../render/index.ts';
import { bytes, count, plural } from '../report/words.ts';
import type { Binary, Delivery, HeldLock, PidFile, PreflightLook, Room } from './model.ts';
import { isShort } from './rules/no-headroom.ts';

type State = 'ok' | 'no' | 'note' | 'unknown';

interface Check {
  name: string;
  state: State;
  text: string;
}

const TONES: Record<State, Tone> = { ok: 'good', no: 'critical', note: 'warning', unknown: 'warning' };
const text = (value: string): string => decodeText(value).text;

export function* viewOf(look: PreflightLook): Generator<Block> {
  const checks = checksOf(look);
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'CHECK' }, { title: '' }, { title: 'SEEN', flex: true }],
    rows: checks.map(({ name, state, text: seen }): Cell[] => [name, { text: state, tone: TONES[state] }, seen]),
  };
}

function checksOf(look: PreflightLook): Check[] {
  const { delivery, binary, room, pidFiles, locks, process } = look;
  return [
    ...(delivery ? [signalCheck(delivery), effectCheck(look)] : []),
    ...(binary.argument === undefined ? [] : [binaryCheck(binary)]),
    ...(binary.found?.stat ? [sameCheck(binary)] : []),
    ...room.map(roomCheck),
    ...pidFiles.map((file) => pidFileCheck(file, process.pid)),
    ...locks.map(lockCheck),
  ];
}

function signalCheck({ name, caught, ignored, blockedLooks, looks, readBy, isInit, isGo, action, threads }: Delivery): Check {
  const check = (state: State, words: string): Check => ({ name: `SIG${name}`, state, text: words });
  if (readBy) return check('ok', 'fd' in readBy ? `read by signalfd ${readBy.fd}` : `thread ${readBy.tid} waits for it (sigwait)`);
  if (ignored) return check('no', 'ignored: nothing would happen');
  if (blockedLooks === looks) return check('no', threads > 1 ? `blocked in all ${threads} threads` : 'blocked');
  if (caught) return isGo ? check('note', 'caught by the Go runtime, which catches all signals') : check('ok', 'caught, not blocked');
  if (isInit || action === 'nothing') return check('no', 'no handler: nothing would happen');
  return check('no', action === 'ends' ? 'no handler: it would end the process' : 'no handler: it would stop the process');
}

function effectCheck({ effect, program, delivery, pids }: PreflightLook): Check {
  if (effect === undefined) return { name: 'what it does', state: 'unknown', text: `what ${program?.name ?? 'this program'} does with SIG${delivery!.name} is not known` };
  const words = { exec: 'starts its program file anew, beside what runs', fork: 'starts new processes of what runs already', within: 'changes what runs, without a new process' }[effect];
  return { name: 'what it does', state: 'ok', text: `${program!.name} ${words} (${plural('process', pids.length, 'processes')} now)` };
}

function binaryCheck({ argument, by, found, executable, cwd, inPath }: Binary): Check {
  const check = (state: State, words: string): Check => ({ name: 'program file', state, text: `${text(argument!)}: ${words}` });
  if (found?.stat && executable) return check('ok', `${text(found.path)}${found.links.length > 0 ? ` (through ${plural('symbolic link', found.links.length)})` : ''}`);
  if (found?.stat) return check('no', `${text(found.path)} is not an executable file`);
  const elsewhere = inPath === undefined ? '' : `; PATH would find ${text(inPath)}`;
  if (by === 'cwd') return check(inPath === undefined ? 'no' : 'note', `not in the working directory ${text(cwd ?? '')}${elsewhere}`);
  return check('no', by === 'search' ? 'in no directory of its PATH' : `nothing at ${text(found?.path ?? '')}`);
}

function sameCheck({ same, exe }: Binary): Check {
  if (same === undefined) return { name: 'runs', state: 'unknown', text: 'whether it is the file that runs is not known' };
  return { name: 'runs', state: same ? 'ok' : 'note', text: same ? 'the file that runs' : `another file than the one that runs (${text(exe ?? '')}): a new generation is of the new one` };
}

function roomCheck(room: Room): Check {
  const amount = room.unit === 'bytes' ? bytes : count;
  const need = room.need === null ? '' : `, ${amount(room.need)} needed`;
  return { name: room.resource, state: room.left < room.least ? 'no' : isShort(room) ? 'note' : 'ok', text: `${amount(room.used)} of ${amount(room.limit)} used, ${amount(room.left)} left${need}` };
}

function pidFileCheck({ path, pid, oldbin }: PidFile, own: number): Check {
  const upgrade = oldbin === undefined ? '' : `; ${path}.oldbin names ${oldbin}: an upgrade has not ended`;
  const words = pid === null ? 'holds no pid' : pid === own ? `names ${pid}` : `names ${pid}, not ${own}: a script that signals it signals another process`;
  return { name: 'pid file', state: pid === own && oldbin === undefined ? 'ok' : 'note', text: `${path} ${words}${upgrade}` };
}

function lockCheck({ path, kind, pid, alive }: HeldLock): Check {
  return { name: 'lock', state: 'note', text: `${text(path)}: ${kind} taken by ${pid}${alive ? '' : ', which has ended: a child of it holds it'}` };
}
