/** The texts of the demo: what was planted, what each finding means, what to type on a real process. */
import type { Block, Cell } from '../render/index.ts';
import { bytes, count } from '../report/words.ts';
import type { Finding } from '../report/index.ts';
import type { PlantedFault } from './check.ts';
import type { DemoServer } from './child.ts';
import { type Machine, machineLine } from './machine.ts';
import type { Planted } from './protocol.ts';

/** One or two plain sentences per finding of the planted faults. */
const meanings: Readonly<Record<string, string>> = {
  'fd/near-limit':
    'The server may open only a few more files and connections. ' +
    'After that every open() and accept() fails with "too many open files" (EMFILE), a reload too.',
  'socket/close-wait':
    'The clients are gone, and the server has read the end of their streams without closing its side. ' +
    'No timeout ever frees these: it is a missing close() in the server.',
  'fd/deleted-file':
    'The log was deleted, but the server still has it open. ' +
    'The disk space comes back only when the descriptor is closed, so df and du disagree.',
  'fd/duplicates':
    'The same configuration file is opened for each request and never closed. ' +
    'Harmless while they are few; with more requests it is the leak that ends in EMFILE.',
};

const UPLOADS_MEANING =
  'Unfinished uploads: files that are open and never finished. ' +
  'They are a group of the table and no finding, since one look cannot tell a leak from as many uploads under way.';

export function startedWords({ pid, planted }: Pick<DemoServer, 'pid' | 'planted'>, machine: Machine): string[] {
  return [
    `demo: ${machineLine(machine)}`,
    `demo: started a server that leaks on purpose, on 127.0.0.1:${planted.port}, process ${pid}; now looking at it: reloadctl fds ${pid}`,
  ];
}

export function* storyBlocks(story: {
  server: Pick<DemoServer, 'pid' | 'planted'>;
  machine: Machine;
  faults: readonly PlantedFault[];
  findings: readonly Finding[];
  keep: boolean;
}): Generator<Block> {
  const { server, machine, faults, findings, keep } = story;
  const { planted, pid } = server;
  yield { type: 'heading', text: 'What happened' };
  yield { type: 'paragraph', text: machineLine(machine), tone: 'dim' };
  yield {
    type: 'paragraph',
    text: plantedWords(pid, planted),
  };
  if (planted.softLimit === undefined)
    yield { type: 'paragraph', text: 'Its limit was left alone: lowering it needs native calls (see reloadctl doctor).', tone: 'dim' };
  yield { type: 'heading', text: 'Planted and found' };
  yield {
    type: 'table',
    columns: [
      { title: 'PLANTED', align: 'right' },
      { title: 'FOUND', align: 'right' },
      { title: '' },
      { title: 'FAULT' },
      { title: 'FINDING' },
    ],
    rows: faults.map((fault) => [
      count(fault.planted),
      count(fault.found),
      mark(fault),
      fault.fault,
      fault.finding ?? 'group in the table',
    ]),
  };
  yield { type: 'heading', text: 'What it means' };
  yield {
    type: 'list',
    items: [...new Set(findings.map(({ id }) => id))]
      .map((id) => `${id}: ${meanings[id] ?? `see reloadctl explain ${id}`}`)
      .concat(UPLOADS_MEANING),
  };
  yield { type: 'heading', text: keep ? 'Try it, the server still runs' : 'On a real process' };
  yield* commandBlocks(keep ? String(pid) : '<pid>', keep);
}

function plantedWords(pid: number, planted: Planted): string {
  const { port, closeWait, deletedLogBytes, uploads, configOpens } = planted;
  return [
    `The demo started a small server (process ${pid}, port ${port}) that leaks on purpose:`,
    `${count(closeWait)} clients closed and it did not, it deleted a log of ${bytes(deletedLogBytes)} it still holds,`,
    `keeps ${count(uploads)} uploads open and opened its configuration ${count(configOpens)} times.`,
    'The report above is what reloadctl saw of it from outside.',
  ].join(' ');
}

function mark({ ok }: PlantedFault): Cell {
  return ok ? { text: 'found', tone: 'good' } : { text: 'NOT FOUND', tone: 'critical' };
}

function* commandBlocks(target: string, keep: boolean): Generator<Block> {
  yield { type: 'command', text: `reloadctl fds ${target}`, note: 'this report, of any process: by pid, name, :port or unit:NAME' };
  yield { type: 'command', text: `reloadctl fds ${target} --list --where 'state=CLOSE_WAIT'`, note: 'the connections one by one' };
  yield { type: 'command', text: 'reloadctl explain socket/close-wait', note: 'what a finding means, its false alarms, and what to do' };
  yield { type: 'command', text: 'reloadctl doctor', note: 'what this host permits' };
  if (!keep) yield { type: 'command', text: 'reloadctl demo --keep', note: 'the same, and the server stays until you press Enter' };
}
