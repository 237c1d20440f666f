/** What was checked, as a list: what is fine is shown too, since silence about a check says nothing. */
import { decodeText } from '../kernel/text.ts';
import type { Block, Cell, Tone } from '../render/index.ts';
import { bytes, count, listOf, plural } from '../report/words.ts';
import { goAction } from './go-signals.ts';
import type { Backlog, Binary, Delivery, HeldLock, PidFile, PreflightLook, Room, Swap } from './model.ts';
import { swapCommand } from './swap-command.ts';
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
  const { delivery, binary, room, pidFiles, locks, process, backlogs, swap } = look;
  return [
    ...(delivery ? [signalCheck(delivery), effectCheck(look)] : []),
    ...(binary.argument === undefined ? [] : [binaryCheck(binary)]),
    ...(binary.found?.stat ? [sameCheck(binary)] : []),
    ...(swap ? swapChecks(swap) : []),
    ...room.map(roomCheck),
    ...backlogs.map(backlogCheck),
    ...pidFiles.map((file) => pidFileCheck(file, process.pid)),
    ...locks.map(lockCheck),
  ];
}

function signalCheck({ name, caught, ignored, blockedLooks, looks, readBy, isInit, isGo, asked, action, threads, number }: Delivery): Check {
  const check = (state: State, words: string): Check => ({ name: `SIG${name}`, state, text: words });
  if (readBy) return check('ok', 'fd' in readBy ? `read by signalfd ${readBy.fd}` : `thread ${readBy.tid} waits for it (sigwait)`);
  if (ignored) return check('no', 'ignored: nothing would happen');
  if (blockedLooks === looks) return check('no', threads > 1 ? `blocked in all ${threads} threads` : 'blocked');
  if (caught && asked === true) return check('ok', 'caught, and asked for by the program (signal.Notify)');
  if (caught && asked === false) return check('no', `the program does not ask for it (signal.Notify): ${goAction(number) === 'ends' ? 'the Go runtime would end it' : 'nothing would happen'}`);
  if (caught) return isGo ? check('note', 'caught by the Go runtime, which catches all signals') : check('ok', 'caught, not blocked');
  if (isInit || action === 'nothing') return check('no', 'no handler: nothing would happen');
  return check('no', action === 'ends' ? 'no handler: it would end the process' : 'no handler: it would stop the process');
}

function effectCheck({ effect, program, delivery, pids, deaf }: PreflightLook): Check {
  if (deaf) return { name: 'what it does', state: deaf.certain ? 'no' : 'note', text: `no reload: ${deaf.what}` };
  if (effect === undefined) return { name: 'what it does', state: 'unknown', text: `what ${program?.name ?? 'this program'} does with SIG${delivery!.name} is not known` };
  const words = { exec: 'starts its program file anew, beside what runs', fork: 'starts new processes of what runs already', within: 'changes what runs, without a new process' }[effect];
  return { name: 'what it does', state: 'ok', text: `${program!.name} ${words} (${plural('process', pids.length, 'processes')} now)` };
}

function binaryCheck({ argument, by, found, executable, cwd, inPath }: Binary): Check {
  const check = (state: State, words: string): Check => ({ name: 'program file', state, text: `${text(argument!)}: ${words}` });
  if (found?.stat && executable) return check('ok', `${text(found.path)}${found.links.length > 0 ? ` (through ${plural('symbolic link', found.links.length)})` : ''}`);
  if (found?.stat) return check('no', `${text(found.path)} is not an executable file`);
  if (found?.errno !== undefined && !['ENOENT', 'ENOTDIR', 'ELOOP'].includes(found.errno)) return check('unknown', `whether it is there may not be looked at (${found.errno})`);
  if (by === 'cwd' && cwd === undefined) return check('unknown', 'its working directory may not be read');
  const elsewhere = inPath === undefined ? '' : `; PATH would find ${text(inPath)}`;
  if (by === 'cwd' && cwd !== undefined) return check(inPath === undefined ? 'no' : 'note', `not in the working directory ${text(cwd)}${elsewhere}`);
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

function pidFileCheck({ path, pid, oldbin, missing, matches }: PidFile, own: number): Check {
  const upgrade = oldbin === undefined ? '' : `; ${path}.oldbin names ${oldbin}: an upgrade has not ended`;
  const words = missing ? 'is not there' : pid === null ? 'holds no pid' : matches ? `names ${pid}` : `names ${pid}, not ${own}: a script that signals it signals another process`;
  return { name: 'pid file', state: missing ? 'no' : matches && oldbin === undefined ? 'ok' : 'note', text: `${path} ${words}${upgrade}` };
}

function lockCheck({ path, kind, pid, alive }: HeldLock): Check {
  return { name: 'lock', state: 'note', text: `${text(path)}: ${kind} ${pid > 0 ? `taken by ${pid}${alive ? '' : ', which has ended: a child of it holds it'}` : 'held through an open file; by whom is not told'}` };
}

function backlogCheck({ address, port, backlog, somaxconn, queue }: Backlog): Check {
  const name = `listener ${address}:${port}`;
  if (backlog > somaxconn) return { name, state: 'note', text: `a queue of ${count(backlog)}; one made anew has ${count(somaxconn)} at most (net.core.somaxconn)` };
  const all = backlog === somaxconn ? ', all that somaxconn allows' : ` (somaxconn ${count(somaxconn)})`;
  return { name, state: queue > backlog ? 'no' : 'ok', text: `a queue of ${count(backlog)}${all}${queue > 0 ? `, ${count(queue)} wait in it` : ''}` };
}

function swapChecks({ file, target, links, found, sameFilesystem, executable, regular, size, noexec, readOnly, alreadyThere, writers }: Swap): Check[] {
  const check = (name: string, state: State, words: string): Check => ({ name, state, text: words });
  const isUsable = found.stat !== undefined && regular === true && executable === true && size !== 0 && writers.length === 0;
  return [
    check('replaces', 'ok', `${text(target)}${links.length > 0 ? `, through ${links.map(({ path, to }) => `${text(path)} -> ${text(to)}`).join(', ')}` : ''}`),
    ...(links.length > 0 ? [check('symbolic link', 'note', 'mv to the name of the link replaces the link, not what it leads to')] : []),
    check('new file', found.stat === undefined ? (found.errno === 'ENOENT' ? 'no' : 'unknown') : isUsable ? 'ok' : 'no', `${text(file)}: ${found.stat === undefined ? `${found.errno}` : `${bytes(size ?? 0)}, ${regular ? (executable ? 'executable' : 'not executable') : 'no regular file'}${writers.length > 0 ? `, open for writing by ${listOf(writers)}` : ''}`}`),
    ...(alreadyThere ? [check('in place', 'note', 'both are one file: it was put in place already')] : []),
    check('rename', sameFilesystem === undefined ? 'unknown' : sameFilesystem ? 'ok' : 'note', sameFilesystem === undefined ? 'whether both are on one file system is not known' : sameFilesystem ? 'one file system: rename is one step' : 'two file systems: mv copies'),
    ...(noexec || readOnly ? [check('mount', 'no', noexec ? 'noexec' : 'read-only')] : []),
    check('cp over it', 'note', 'fails with ETXTBSY while it runs: rename a new file over the name, and write both to disk first'),
    ...(isUsable && !noexec && !readOnly ? [check('command', 'ok', swapCommand({ file, target }))] : []),
  ];
}
