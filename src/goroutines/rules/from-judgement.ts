import type { Finding, Remedy, RuleDefinition } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import type { Judgement } from '../cases.ts';
import { judgements } from '../judge.ts';
import { goroutines, idsOf, listCommand, siteEvidence, structure, subject, waitWordsOf, watchRemedy } from './words.ts';

const OWNERS = { own: 'the program\'s own code', dependency: 'a dependency', stdlib: 'the standard library' } as const;

type RemediesOf = (judgement: Judgement) => Remedy[];

/** A rule that tells of the sites which are judged to be its own. */
export function siteRule(id: Judgement['id'], remedies: RemediesOf): RuleDefinition<GoroutinesEvent> {
  return lastEventRule(id, 'goroutines', (event) => siteFindings(event, id, remedies));
}

/** The same, for a rule that has more to tell. */
export function siteFindings(event: GoroutinesEvent, id: Judgement['id'], remedies: RemediesOf, isTold: (judgement: Judgement) => boolean = () => true): Finding[] {
  return judgements(event).filter((judgement) => judgement.id === id && isTold(judgement)).map((judgement) => findingOf(event, judgement, remedies));
}

function findingOf(event: GoroutinesEvent, judgement: Judgement, remedies: RemediesOf): Finding {
  const { site, reasons, cause, id, severity, confidence } = judgement;
  const waited = waitWordsOf(site);
  const ids = idsOf(site);
  const { source } = event;
  return {
    id,
    severity,
    confidence,
    because: becauseOf(event, judgement),
    title: `${goroutines(site.count)} ${site.count === 1 ? cause.replace(/^are /, 'is ').replace(/^wait /, 'waits ') : cause}: ${site.state} in ${site.place}${waited === '' || waited.startsWith(',') ? waited : ` ${waited}`}`,
    subject: subject(event, 'goroutines', site.frame),
    evidence: [
      ...reasons.map((reason, index) => ({ name: `reason ${index + 1}`, value: reason, source })),
      ...siteEvidence(event, site),
      { name: 'whose code', value: OWNERS[site.owner], source },
      ...(ids === '' ? [] : [{ name: 'ids', value: ids, source }]),
    ],
    remedy: [...remedies(judgement), ...(ids === '' ? [] : [{ text: 'see them', command: listCommand(event, site), risk: 'none' as const }]), watchRemedy(event)],
    fingerprint: fingerprint(id, site.state, structure(site.frame)),
  };
}

function becauseOf(event: GoroutinesEvent, { confidence, because, reasons }: Judgement): string {
  if (confidence === 'certain') return because ?? 'the garbage collector proved it';
  if (confidence === 'likely') return 'the group gained members that stay, by their ids, all through the time it was watched';
  if (event.settled) return `${event.settled.looks} looks within seconds show who stays, not for how long; the reasons are told one by one`;
  return reasons.length === 0 ? 'one dump shows the place, not the course' : `one dump shows the place, not the course; ${reasons.length === 1 ? 'one thing speaks' : `${reasons.length} things speak`} for it`;
}
