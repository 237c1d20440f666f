import type { Finding, Remedy, RuleDefinition } from '../../report/index.ts';
import { fingerprint } from '../../report/index.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { type Judgement, judgements } from '../judge.ts';
import { goroutines, idsOf, listCommand, siteEvidence, structure, subject, waitWords, watchRemedy } from './words.ts';

const OWNERS = { own: 'the program\'s own code', dependency: 'a dependency', stdlib: 'the standard library' } as const;

/** A rule that tells of the sites which are judged to be its own. Of several events it judges the last. */
export function siteRule(id: Judgement['id'], remedies: (judgement: Judgement) => Remedy[]): RuleDefinition<GoroutinesEvent> {
  return {
    id,
    create() {
      let last: GoroutinesEvent | undefined;
      return {
        observe(event) {
          if (event.type === 'goroutines') last = event;
        },
        finish: () => (last ? judgements(last).filter((judgement) => judgement.id === id).map((judgement) => findingOf(last!, judgement, remedies)) : []),
      };
    },
  };
}

function findingOf(event: GoroutinesEvent, judgement: Judgement, remedies: (judgement: Judgement) => Remedy[]): Finding {
  const { site, reasons, cause, id, severity, confidence } = judgement;
  const waited = waitWords(site.wait);
  const ids = idsOf(site);
  const { source } = event;
  return {
    id,
    severity,
    confidence,
    because: becauseOf(judgement),
    title: `${goroutines(site.count)} ${site.count === 1 ? cause.replace(/^are /, 'is ').replace(/^wait /, 'waits ') : cause}: ${site.state} in ${site.place}${waited === '' ? '' : ` ${waited}`}`,
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

function becauseOf({ confidence, id, reasons }: Judgement): string {
  if (confidence === 'certain') return id === 'goroutine/nil-channel' ? 'the runtime itself says so' : 'the garbage collector proved it';
  if (confidence === 'likely') return 'the group gained members that stay, by their ids, all through the time it was watched';
  return reasons.length === 0 ? 'one dump shows the place, not the course' : `one dump shows the place, not the course; ${reasons.length === 1 ? 'one thing speaks' : `${reasons.length} things speak`} for it`;
}
