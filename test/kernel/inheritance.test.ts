import { describe, expect, it } from 'vitest';
import { descriptionKey } from '../../src/kernel/same-description.ts';
import { sharedAcrossExec } from '../../src/kernel/inheritance.ts';
import type { Fd, FdTable, Process } from '../../src/kernel/types.ts';
import { fdInfo, fileStat } from '../support/fake-process.ts';
import { makeFd, makeTable } from '../support/fds.ts';

const OPEN = fdInfo({ flags: '02' });
const CLOSING = fdInfo({ flags: '02000002' });
const held = (pid: number, fd: number, link: string, info: string | undefined = OPEN): Fd =>
  makeFd(link, { pid, fd, ...(info && { info }), ...(link.startsWith('/') && { stat: fileStat() }) });
const app = (fds: Fd[], changes: Partial<Process> = {}): FdTable => makeTable(fds, changes);
const child = (fds: Fd[], changes: Partial<Process> = {}): FdTable =>
  makeTable(fds, { pid: 43, ppid: 42, comm: 'tool', exe: '/usr/bin/tool', ...changes });
const pairs = (tables: FdTable[], relatives: FdTable[]): string[] =>
  sharedAcrossExec(tables, relatives).map(
    (pair) => `${descriptionKey(pair.own, pair.other)} ${pair.below ? 'below' : 'above'} ${pair.process.pid}`,
  );

describe('sharedAcrossExec', () => {
  it('pairs what a child holds at the same number', () => {
    expect(
      pairs(
        [app([held(42, 5, 'socket:[1]'), held(42, 6, '/var/log/app.log')])],
        [child([held(43, 5, 'socket:[1]'), held(43, 6, '/var/log/app.log')])],
      ),
    ).toEqual(['42:5:43:5 below 43', '42:6:43:6 below 43']);
  });

  it('pairs what a target got from its parent', () => {
    expect(pairs([child([held(43, 5, 'socket:[1]')])], [app([held(42, 5, 'socket:[1]')])])).toEqual(['43:5:42:5 above 42']);
  });

  it('reaches over generations, and into the targets themselves', () => {
    const grandchild = child([held(44, 5, 'socket:[1]')], { pid: 44, ppid: 43, exe: '/usr/bin/other', comm: 'other' });
    const between = child([]);
    expect(pairs([app([held(42, 5, 'socket:[1]')])], [between, grandchild])).toEqual(['42:5:44:5 below 44']);
    expect(pairs([app([held(42, 5, 'socket:[1]')]), between, grandchild], [])).toEqual(['42:5:44:5 below 44']);
  });

  it.each<[string, FdTable, FdTable]>([
    [
      'a worker of the same program',
      app([held(42, 5, 'socket:[1]')]),
      child([held(43, 5, 'socket:[1]')], { exe: '/usr/bin/app', comm: 'app' }),
    ],
    [
      'the new binary of an upgrade',
      app([held(42, 5, 'socket:[1]')], { exe: '/usr/bin/app (deleted)' }),
      child([held(43, 5, 'socket:[1]')], { exe: '/usr/bin/app', comm: 'app' }),
    ],
    [
      'an unknown executable',
      app([held(42, 5, 'socket:[1]')]),
      { ...child([held(43, 5, 'socket:[1]')]), process: { ...withoutExe(child([]).process) } },
    ],
    ['a stranger', app([held(42, 5, 'socket:[1]')]), child([held(43, 5, 'socket:[1]')], { ppid: 1 })],
    ['another number: a hand-over on purpose', app([held(42, 5, 'socket:[1]')]), child([held(43, 3, 'socket:[1]')])],
    ['another thing', app([held(42, 5, 'socket:[1]')]), child([held(43, 5, 'socket:[2]')])],
    ['standard output', app([held(42, 1, '/var/log/app.log')]), child([held(43, 1, '/var/log/app.log')])],
    ['CLOEXEC above', app([held(42, 5, 'socket:[1]', CLOSING)]), child([held(43, 5, 'socket:[1]')])],
    ['CLOEXEC below', app([held(42, 5, 'socket:[1]')]), child([held(43, 5, 'socket:[1]', CLOSING)])],
    ['unknown flags', app([held(42, 5, 'socket:[1]')]), child([held(43, 5, 'socket:[1]', '')])],
    ['a pipe', app([held(42, 5, 'pipe:[1]')]), child([held(43, 5, 'pipe:[1]')])],
  ])('leaves out: %s', (_name, target, relative) => {
    expect(pairs([target], [relative])).toEqual([]);
  });

  it('ends in a circle of parents', () => {
    expect(pairs([app([], { ppid: 43 })], [child([])])).toEqual([]);
  });
});

function withoutExe({ exe: _exe, ...process }: Process): Process {
  return process;
}
