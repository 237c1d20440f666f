import { programName } from '../../kernel/services.ts';
import { shapeOf } from '../../kernel/shape.ts';
import { type EvidenceItem, type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import type { ExitEvent, OpenGroup, RunEvent, SiteLeftEvent } from '../model.ts';

export const OPEN_AT_EXIT = 'fd/open-at-exit';
/** What a single one of is worth a note: others are the business of runtimes. */
const WORTH_A_NOTE = new Set(['file', 'directory', 'socket', 'closed-by-peer', 'connection', 'listener', 'inotify']);

interface Seen {
  event: ExitEvent;
  group: OpenGroup;
  /** Processes of this program that ended so. */
  processes: number;
}

/** Descriptors that a process opened again and again, and still had when it ended. */
export const openAtExit: RuleDefinition<RunEvent> = {
  id: OPEN_AT_EXIT,
  create() {
    const seen = new Map<string, Seen>();
    const sites = new Map<string, SiteLeftEvent[]>();
    return {
      observe(event) {
        if (event.type === 'site-left') {
          const key = `${programOf(event)}\0${event.kind}\0${event.site}`;
          sites.set(key, [...(sites.get(key) ?? []), event]);
        }
        if (event.type !== 'exit') return;
        for (const group of event.groups) {
          const key = `${programName(event.process)}\0${group.class}\0${group.key}`;
          const known = seen.get(key);
          if (!known) seen.set(key, { event, group, processes: 1 });
          else {
            known.processes++;
            if (group.count > known.group.count) seen.set(key, { event, group, processes: known.processes });
          }
        }
      },
      finish: () => [...[...seen.values()].flatMap(judge), ...[...sites.values()].flatMap(judgeSite)],
    };
  },
};

function judge({ event, group, processes }: Seen): Finding[] {
  const isLeak = group.count > group.most;
  if (!isLeak && !WORTH_A_NOTE.has(group.class)) return [];
  const { process } = event;
  const name = programName(process);
  const others = processes > 1 ? `; ${plural('process', processes, 'processes')} of it ended so` : '';
  const source = `/proc/${process.pid}/fd`;
  return [
    {
      id: OPEN_AT_EXIT,
      severity: isLeak ? 'critical' : 'info',
      confidence: isLeak ? 'likely' : 'hint',
      because: because(group, isLeak),
      title: `${name} (pid ${process.pid}) ended with ${group.class === 'watch' ? plural('watch', group.count, 'watches') : plural('descriptor', group.count)} open that it never closed: ${group.key}${others}`,
      subject: { kind: 'group', key: group.key, pid: process.pid, startTime: process.startTime },
      evidence: [
        { name: 'open at its exit', value: group.count, unit: group.count === 1 ? 'descriptor' : 'descriptors', limit: group.most, source },
        ...group.examples.map(({ fd, target }): EvidenceItem => ({ name: `fd ${fd}`, value: target, source })),
      ],
      remedy: isLeak
        ? [
            { text: 'close it in every way out of the code that opens it', risk: 'none' },
            { text: 'see which code opens it', command: 'reloadctl strace -- COMMAND', risk: 'none' },
          ]
        : [],
      fingerprint: fingerprint(OPEN_AT_EXIT, name, group.kind, shapeOf(group.key)),
    },
  ];
}

function because({ most, isAsked }: OpenGroup, isLeak: boolean): string {
  if (!isLeak) return `read while it was held at its exit; up to ${count(most)} of a kind are left to the kernel by many programs that leak nothing`;
  return isAsked ? `read while it was held at its exit; the policy allows ${count(most)}` : `read while it was held at its exit; what is opened again and again by one place and never closed grows with the run (more than ${count(most)} alike)`;
}

function programOf({ label }: SiteLeftEvent): string {
  return label.replace(/ \(pid \d+\)$/, '');
}

/** Of each site the process that left the most. */
function judgeSite(events: readonly SiteLeftEvent[]): Finding[] {
  const worst = events.reduce((a, b) => (b.open > a.open ? b : a));
  const { label, pid, site, kind, opened, closed, open, most, isAsked, isDoubtful, examples } = worst;
  const isLeak = open > most && !isDoubtful;
  if (!isLeak && !(isDoubtful && open > most) && !WORTH_A_NOTE.has(worst.class)) return [];
  const others = events.length > 1 ? `; ${plural('process', events.length, 'processes')} of it ended so` : '';
  const why = isDoubtful ? 'calls are missing in the log: what looks open may have been closed unseen' : because({ most, isAsked } as OpenGroup, isLeak).replace(/^read while it was held at its exit/, 'each open and close of it was recorded');
  return [
    {
      id: OPEN_AT_EXIT,
      severity: isLeak ? 'critical' : 'info',
      confidence: isLeak ? 'likely' : 'hint',
      because: why,
      title: `${label} ended with ${plural('descriptor', open)} open that ${site} opened: ${count(opened)} opened, ${count(closed)} closed${others}`,
      subject: { kind: 'site', key: site, pid },
      evidence: [
        { name: 'site', value: site, source: examples[0]?.source ?? 'strace' },
        { name: 'open at its exit', value: open, unit: open === 1 ? 'descriptor' : 'descriptors', limit: most, source: 'strace' },
        ...examples.map(({ fd, target, source }): EvidenceItem => ({ name: `fd ${fd}`, value: target === '' ? kind : target, source })),
      ],
      remedy: isLeak ? [{ text: 'close it in every way out of the code that opens it: errors and early returns too', risk: 'none' }] : [],
      fingerprint: fingerprint(OPEN_AT_EXIT, programOf(worst), kind, shapeOf(site)),
    },
  ];
}
