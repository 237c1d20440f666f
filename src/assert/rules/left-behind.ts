import { programName } from '../../kernel/services.ts';
import { type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { duration, listOf, plural } from '../../report/words.ts';
import type { LeftEvent, RunEvent, TimeoutEvent } from '../model.ts';

export const LEFT = 'process/left-behind';
export const TIMEOUT = 'process/timeout';

/** Processes that the command started, and that went on when it had ended. */
export const leftBehind: RuleDefinition<RunEvent> = {
  id: LEFT,
  create() {
    const left = new Map<string, LeftEvent[]>();
    return {
      observe(event) {
        if (event.type !== 'left') return;
        const name = programName(event.process);
        left.set(name, [...(left.get(name) ?? []), event]);
      },
      finish: () => [...left].map(([name, events]) => leftFinding(name, events)),
    };
  },
};

function leftFinding(name: string, events: readonly LeftEvent[]): Finding {
  const [first] = events;
  const { process, command, afterMs } = first!;
  const listens = [...new Set(events.flatMap((event) => event.listens))];
  const who = events.length === 1 ? `${name} (pid ${process.pid})` : `${name} (${plural('process', events.length, 'processes')})`;
  return {
    id: LEFT,
    severity: 'critical',
    confidence: 'certain',
    because: `it was started by the command and was there ${duration(afterMs)} after the command had ended; it was ended then`,
    title: `${who} was left behind by the command${listens.length > 0 ? `, listening at ${listOf(listens, 3)}` : ''}`,
    subject: { kind: 'process', key: name, pid: process.pid, startTime: process.startTime },
    evidence: events.slice(0, 5).map((event) => ({ name: `pid ${event.process.pid}`, value: event.command, source: `/proc/${event.process.pid}/cmdline` })),
    remedy: [{ text: 'end it where it was started, and wait for its end: in the teardown of the test, or by a trap of the script', risk: 'none' }],
    fingerprint: fingerprint(LEFT, name, command.split(' ')[0] ?? ''),
  };
}

/** The command hung. */
export const timedOut: RuleDefinition<RunEvent> = {
  id: TIMEOUT,
  create() {
    let seen: TimeoutEvent | undefined;
    return {
      observe(event) {
        if (event.type === 'timeout') seen = event;
      },
      finish: () => (seen ? [timeoutFinding(seen)] : []),
    };
  },
};

function timeoutFinding({ timeoutMs, processes }: TimeoutEvent): Finding {
  const names = processes.map(({ process, waitsFor }) => `${programName(process)} (pid ${process.pid})${waitsFor === '' ? '' : ` in ${waitsFor}`}`);
  return {
    id: TIMEOUT,
    severity: 'critical',
    confidence: 'certain',
    because: 'these processes of the command were alive then, and were ended with their group',
    title: `the command did not end within ${duration(timeoutMs)}${names.length > 0 ? `: ${listOf(names, 3)}` : ''}`,
    subject: { kind: 'process', key: names.length === 0 ? 'command' : programName(processes[0]!.process) },
    evidence: processes.slice(0, 10).flatMap(({ process, command, waitsFor, listens }) => [
      { name: `pid ${process.pid}`, value: `${command}${waitsFor === '' ? '' : `, in ${waitsFor}`}`, source: `/proc/${process.pid}/syscall` },
      ...listens.map((address) => ({ name: `pid ${process.pid} listens at`, value: address, source: `/proc/${process.pid}/fd` })),
    ]),
    remedy: [{ text: 'a server, a timer or a connection that nobody closes keeps a loop alive: with --node it is told with its line', risk: 'none' }],
    fingerprint: fingerprint(TIMEOUT, ...processes.map(({ process }) => programName(process))),
  };
}
