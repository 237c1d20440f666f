import { programName } from '../../kernel/services.ts';
import { type EvidenceItem, type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import type { GoroutinesLeftEvent, RunEvent } from '../model.ts';

export const GOROUTINES_LEFT = 'goroutine/left-at-exit';

/** Goroutines that one line made and that nobody ended. */
export const goroutinesLeft: RuleDefinition<RunEvent> = {
  id: GOROUTINES_LEFT,
  create() {
    const sites = new Map<string, GoroutinesLeftEvent[]>();
    return {
      observe(event) {
        if (event.type !== 'goroutines-left') return;
        const key = `${programName(event.process)}\0${event.goroutines.site}`;
        sites.set(key, [...(sites.get(key) ?? []), event]);
      },
      finish: () => [...sites.values()].flatMap(judge),
    };
  },
};

function judge(events: readonly GoroutinesLeftEvent[]): Finding[] {
  const [first] = events;
  const { process, isTest, most, windowMs } = first!;
  // A package is tested by one process; programs that ended several times are told by the worst.
  const byProcess = new Map<number, GoroutinesLeftEvent[]>();
  for (const event of events) byProcess.set(event.process.pid, [...(byProcess.get(event.process.pid) ?? []), event]);
  const sums = [...byProcess.values()].map((own) => ({ own, total: own.reduce((sum, { goroutines }) => sum + goroutines.count, 0) })).sort((a, b) => b.total - a.total);
  const { own, total } = sums[0]!;
  if (total <= most) return [];
  const [{ goroutines }] = own as [GoroutinesLeftEvent];
  const { site, creator, test } = goroutines;
  const name = programName(process);
  const source = `/proc/${own[0]!.process.pid}/mem`;
  const who = test === undefined ? `${name} (pid ${own[0]!.process.pid})` : `test ${JSON.stringify(test)}`;
  const others = sums.length > 1 ? `; ${plural('process', sums.length, 'processes')} of it ended so` : '';
  return [{
    id: GOROUTINES_LEFT,
    severity: 'critical',
    confidence: isTest && windowMs > 0 ? 'certain' : 'likely',
    because: becauseOf(first!),
    title: `${who} leaves ${plural('goroutine', total)} in ${goroutines.place} (${goroutines.state}), made at ${site}${others}`,
    subject: { kind: 'goroutines', key: creator ?? site, pid: process.pid, startTime: process.startTime },
    evidence: [
      { name: 'site', value: site, source },
      ...(test === undefined ? [] : [{ name: 'test', value: test, source }]),
      { name: 'goroutines', value: total, limit: most, source },
      ...own.slice(0, 4).map(({ goroutines: { count: each, state, frames } }): EvidenceItem => ({ name: `${count(each)} in ${state}`, value: frames.slice(0, 6).join(' < '), source })),
    ],
    remedy: [{ text: isTest ? 'end it in the test, or in its t.Cleanup, and wait for it: cancel its context, close its channel or server' : 'end it before main returns: cancel its context, close its channel, and wait for it', risk: 'none' }],
    fingerprint: fingerprint(GOROUTINES_LEFT, name, creator ?? site.replace(/:\d+$/, '')),
  }];
}

function becauseOf({ isTest, isAsked, most, windowMs }: GoroutinesLeftEvent): string {
  const seen = windowMs > 0 ? `read twice within ${duration(windowMs)} as the process ended` : 'read once as the process ended';
  if (isAsked) return `${seen}; the policy allows ${count(most)}`;
  return isTest ? `${seen}: all tests were over, and it waited still` : `${seen}; more than ${count(most)} of one line grow with the run`;
}
