import { kindOf } from '../../kernel/kinds/index.ts';
import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import { type Stale, staleRegistrations } from './stale-registrations.ts';

const ID = 'epoll/stale-target';

/** Registrations that outlived the number they were made under: events for a file the program believes closed, or takes for another. */
export const staleTarget = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap(({ tables }) => {
    const stale = tables.flatMap((table) => staleRegistrations(snapshot, table));
    const verified = stale.filter((entry) => entry.verified);
    if (stale.length === 0) return [];
    return [verified.length > 0 ? findingOf(verified, stale.length - verified.length) : findingOf(stale, 0)];
  }),
);

function findingOf(stale: readonly Stale[], unverified: number): Finding {
  // The one with most to tell.
  const worst = stale.reduce((best, entry) => (clues(entry) > clues(best) ? entry : best));
  const { process, epoll, target, duplicate, verified } = worst;
  const others = new Set(stale.map((entry) => entry.process).filter((other) => other !== process));
  const who = `epoll ${epoll.fd} of ${processesLabel([process, ...others])}`;
  const what = stale.length === 1 ? '1 file under a number' : `${count(stale.length)} files under numbers`;
  const info = `/proc/${process.pid}/fdinfo/${epoll.fd}`;
  const table = `/proc/${process.pid}/fd`;
  return {
    id: ID,
    severity: 'warning',
    confidence: verified ? 'certain' : 'likely',
    because: verified
      ? 'the registration was checked again: its number is not the registered file'
      : 'one look: the number is not the registered file, but the table may have changed while it was read',
    title: `${who} still watches ${what} closed since: ${storyOf(worst)}`,
    subject: subjectOf('epoll', 'registration of a closed number', process),
    evidence: [
      { name: 'stale registrations', value: stale.length, source: info },
      { name: `registered under ${target.fd}`, value: `inode ${target.ino ?? 'unknown'}`, source: info },
      { name: `number ${target.fd} now`, value: stateOf(worst), source: `${table}/${target.fd}` },
      ...(duplicate ? [{ name: 'held open by its duplicate', value: `fd ${duplicate.fd}`, source: `${table}/${duplicate.fd}` }] : []),
      ...(unverified > 0 ? [{ name: 'more that were seen once and not checked', value: unverified, source: info }] : []),
    ],
    remedy: remediesOf(duplicate?.fd),
    fingerprint: fingerprint(ID, 'epoll'),
  };
}

function clues({ duplicate, now }: Stale): number {
  return (duplicate ? 2 : 0) + (now ? 1 : 0);
}

function stateOf({ now }: Stale): string {
  return now ? kindOf(now).describe(now) : 'closed';
}

function storyOf(stale: Stale): string {
  const { target, duplicate } = stale;
  const file = duplicate ? kindOf(duplicate).describe(duplicate) : `inode ${target.ino ?? 'unknown'}`;
  const then = `number ${target.fd}, registered for ${file}, is ${stale.now ? 'now ' : ''}${stateOf(stale)}`;
  return duplicate ? `${then}; the file lives on as fd ${duplicate.fd}` : then;
}

function remediesOf(duplicate: number | undefined): Remedy[] {
  const holder = duplicate === undefined ? 'a child or another process that got it' : `fd ${duplicate}`;
  return [
    { text: `a registration ends with the last descriptor of its file: close ${holder} too, or restart the program`, risk: 'restart' },
    { text: 'for good: epoll_ctl(EPOLL_CTL_DEL) before close(), and SOCK_CLOEXEC so that no child keeps a copy', risk: 'restart' },
    { text: 'until then: a wait that returns at once for an unknown number shows as a busy loop in epoll_wait', risk: 'none' },
  ];
}
