import type { Finding, Remedy } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import type { Judgement } from '../cases.ts';
import { knownWait } from '../known-waits.ts';
import { lasts } from '../minutes.ts';
import { type Keeper, keepersOf } from '../reload.ts';
import { siteFindings } from './from-judgement.ts';
import { goroutines, waitWords, watchRemedy } from './words.ts';

const ID = 'goroutine/blocked';

/** Goroutines that wait at one place for long, and what a shutdown waits for. */
export const blocked = lastEventRule<GoroutinesEvent>(ID, 'goroutines', (event) => {
  const shutdown = shutdownFindings(event);
  // It tells of all requests, and where they are.
  return [...siteFindings(event, ID, remediesOf, shutdown.length === 0 ? () => true : ({ cause }) => !cause.startsWith(REQUESTS)), ...shutdown];
});

const REQUESTS = 'are requests';

function remediesOf({ site, cause }: Judgement): Remedy[] {
  if (cause.startsWith(REQUESTS)) return [{ text: `bound ${site.place} by the context of its request, and the server by WriteTimeout or http.TimeoutHandler`, risk: 'restart' }];
  const known = knownWait(site)?.remedy;
  if (known !== undefined) return [{ text: known, risk: 'restart' }];
  if (cause === 'wait in line') return [{ text: `let more through at a time at ${site.place}, or refuse work that would wait for so long`, risk: 'restart' }];
  if (site.state === 'sync.WaitGroup.Wait') return [{ text: 'call Done in a defer, first thing in each worker, and Add before the go statement', risk: 'restart' }];
  if (site.state === 'sync.Cond.Wait') return [{ text: 'call Broadcast when the queue is closed, and check the condition in a loop around Wait', risk: 'restart' }];
  if (site.state === 'IO wait') return [{ text: `see who they are, and whether their connections are kept alive by TCP (timer:keepalive); give the reads of ${site.place} a deadline if none may be silent for long`, command: 'ss -tnop state established', risk: 'none' }];
  if (site.state === 'sleep') return [{ text: `wait in ${site.place} for a timer and for the end of a context in one select, instead of time.Sleep`, risk: 'restart' }];
  if (site.state === 'select') return [{ text: `give ${site.place} the context of what it works for instead of one that never ends, and call its cancel`, risk: 'restart' }];
  return [{ text: `look at who should wake ${site.place}`, risk: 'none' }];
}

/** Somebody called Shutdown, and requests keep it from returning. */
function shutdownFindings(event: GoroutinesEvent): Finding[] {
  const keepers = keepersOf(event.dump.groups);
  const closing = keepers.find(({ kind }) => kind === 'shutdown');
  const requests = keepers.filter(({ kind }) => kind === 'request');
  const [first] = requests;
  if (!closing || !first) return [];
  const all = requests.reduce((sum, { count }) => sum + count, 0);
  const waited = waitWords(first.wait);
  const { source } = event;
  const isLong = requests.some(({ wait }) => lasts(wait));
  return [
    {
      id: ID,
      severity: isLong ? 'warning' : 'info',
      confidence: isLong ? 'likely' : 'hint',
      because: isLong ? 'the requests it waits for have not moved for minutes' : 'a shutdown under way waits for requests: this is what it should do, for a while',
      title: `a shutdown waits for ${all === 1 ? '1 request' : `${all} requests`}: most are in ${first.place} (${first.state}${waited === '' ? '' : `, ${waited}`})`,
      subject: { kind: 'shutdown', key: closing.place, ...(event.pid !== undefined && { pid: event.pid }) },
      evidence: [
        { name: 'waits in', value: closing.place, source },
        ...requests.slice(0, 6).map((keeper) => ({ name: 'request', value: requestWords(keeper), source })),
      ],
      remedy: [
        { text: 'give Shutdown a context with a deadline, and call Close when it has passed', risk: 'restart' },
        { text: 'bound the handlers by the context of their request (http.Server.BaseContext that Shutdown cancels)', risk: 'restart' },
        watchRemedy(event),
      ],
      fingerprint: fingerprint(ID, 'shutdown', first.place.replace(/ \(.*$/, '')),
    },
  ];
}

function requestWords({ count, place, state, wait }: Keeper): string {
  const waited = waitWords(wait);
  return `${goroutines(count)} in ${place}, ${state}${waited === '' ? '' : ` ${waited}`}`;
}
