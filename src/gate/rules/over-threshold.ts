import { type Finding, fingerprint, type Remedy, type RuleDefinition } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import { windowWords } from '../judge.ts';
import type { JudgedRule } from '../model.ts';
import type { RuleName } from '../names.ts';
import { amountOf, thresholdOf } from '../words.ts';

const WAIT: Remedy = { text: 'wait until it is, and reload then: gate --wait 10m', risk: 'none' };

export const REMEDIES: Readonly<Record<RuleName, readonly Remedy[]>> = {
  cooldown: [{ text: 'wait out the rest of the cool-down: gate --wait', risk: 'none' }],
  qps: [WAIT],
  'error-rate': [{ text: 'find out what fails before anything is changed: a reload on top of it hides the cause', risk: 'none' }],
  latency: [WAIT],
  'gc-pause': [{ text: 'see whether the pauses can outlast a shutdown', command: 'reloadctl gc URL', risk: 'none' }],
  'fd-headroom': [{ text: 'see what is open and whether it leaks: two generations at once need twice the room', command: 'reloadctl fds PID --watch 30s', risk: 'none' }],
  'inotify-headroom': [{ text: 'see who holds the rest', command: 'reloadctl inotify-limits', risk: 'none' }],
  'goroutine-growth': [{ text: 'see which goroutines become more: a reload that waits for them may never end', command: 'reloadctl goroutines PID --watch 30s', risk: 'none' }],
  'accept-queue': [{ text: 'see why it does not accept: what waits there is lost with the listener', command: 'reloadctl listen PID --watch 30s', risk: 'none' }],
  'error-budget': [{ text: 'leave it as it is until the budget has recovered', risk: 'none' }],
  'canary-error-rate': [{ text: 'take the canary back', risk: 'reload' }],
  'canary-latency': [{ text: 'take the canary back', risk: 'reload' }],
};

/** What the last look at a module showed: with --wait there are several. */
export function overThreshold(name: RuleName): RuleDefinition<JudgedRule> {
  return {
    id: `gate/${name}`,
    create() {
      const last = new Map<string, JudgedRule>();
      return {
        observe(event) {
          if (event.type === 'gate-rule' && event.name === name) last.set(event.module, event);
        },
        finish: () => [...last.values()].filter(({ result }) => result === 'no-go').map(findingOf),
      };
    },
  };
}

function findingOf(rule: JudgedRule): Finding {
  const { module, name, value, isLeast, threshold, comparison, unit, samples, of, source, reason } = rule;
  const id = `gate/${name}`;
  const seen = `${isLeast ? 'at least ' : ''}${amountOf(value!, unit)}`;
  const sample = samples === null || of === null || name === 'cooldown' ? '' : `, ${plural(of.slice(0, -1), Math.round(samples))}`;
  return {
    id,
    severity: 'critical',
    confidence: reason === undefined || name === 'cooldown' || isLeast ? 'certain' : 'likely',
    because: reason ?? 'the value was measured, and the policy says what is allowed',
    title: `NO-GO ${module}: ${name} is ${seen}, allowed is ${thresholdOf(threshold, comparison, unit)} (${windowWords(rule)}${sample})`,
    subject: { kind: 'module', key: module },
    evidence: [
      { name, value: value!, unit, limit: threshold, source: source! },
      ...(samples === null || of === null ? [] : [{ name: of, value: Math.round(samples), source: source! }]),
    ],
    remedy: [...REMEDIES[name]],
    fingerprint: fingerprint(id, module),
  };
}
