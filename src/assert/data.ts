/** `data` of the report. */
import { programName } from '../kernel/services.ts';
import { decodeText } from '../kernel/text.ts';
import type { Finding } from '../report/index.ts';
import type { GrewEvent, RunEvent } from './model.ts';

export interface Leak {
  id: string;
  /** Where it was opened: `path:line:column`, or a call and a path. */
  site?: string;
  /** The test that left it. */
  test?: string;
  title: string;
  fingerprint: string;
}

export interface AssertData {
  /** Of the command, as a shell tells it; null when it never started. */
  commandExit: number | null;
  leaks: Leak[];
  /** `killedThreads`: strace tells of each thread of a process that was killed. */
  processes: { held: number; missed: number; killedThreads: number; left: number };
  exits: { pid: number; comm: string; code: number; open: number; groups: { class: string; kind: string; key: string; count: number; most: number }[] }[];
  /** Of --during: what the service has more of afterwards. */
  during?: { windowMs: number; samples: number; groups: { what: string; kind: string; key: string; before: number; after: number; gain: number; most: number; perMinute: number }[] };
}

export function leaksOf(findings: readonly Finding[]): Leak[] {
  return findings.filter(({ severity }) => severity === 'critical').map(leakOf);
}

/** What a service had more of, the most first. */
export function growthData(events: readonly GrewEvent[], { windowMs, samples }: { windowMs: number; samples: number }): NonNullable<AssertData['during']> {
  const groups = events.map(({ what, kind, key, before, after, kept, lost, most }) => ({ what, kind, key, before, after, gain: kept - lost, most, perMinute: windowMs > 0 ? Math.round(((kept - lost) * 600_000) / windowMs) / 10 : 0 }));
  return { windowMs: Math.round(windowMs), samples, groups: groups.filter(({ gain }) => gain > 0).sort((a, b) => b.gain - a.gain) };
}

/** Exits of which nothing is to be told are only counted. */
export function dataOf(commandExit: number | null, run: { held: number; missed: readonly unknown[]; killed: readonly unknown[] }, events: readonly RunEvent[], findings: readonly Finding[]): AssertData {
  return {
    commandExit,
    leaks: leaksOf(findings),
    processes: { held: run.held, missed: run.missed.length, killedThreads: run.killed.length, left: events.filter(({ type }) => type === 'left').length },
    exits: events.flatMap((event) =>
      event.type !== 'exit' || (event.open === 0 && !event.isMain)
        ? []
        : [{ pid: event.process.pid, comm: programName(event.process), code: event.code, open: event.open, groups: event.groups.map(({ class: kind, kind: type, key, count, most }) => ({ class: kind, kind: type, key: decodeText(key).text, count, most })) }],
    ),
  };
}

function leakOf({ id, title, fingerprint, evidence }: Finding): Leak {
  const of = (wanted: string) => evidence.find(({ name }) => name === wanted)?.value;
  const [site, test] = [of('site'), of('test')];
  return { id, ...(site !== undefined && { site: String(site) }), ...(test !== undefined && { test: String(test) }), title, fingerprint };
}
