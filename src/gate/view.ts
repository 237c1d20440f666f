import type { Block, Cell, Tone } from '../render/index.ts';
import { plural } from '../report/words.ts';
import type { GateData, RuleRow } from './data.ts';
import type { Result } from './model.ts';
import { windowWords } from './judge.ts';
import { amountOf, thresholdOf } from './words.ts';

export const RESULT_WORDS: Readonly<Record<Result, string>> = { go: 'GO', 'no-go': 'NO-GO', 'no-data': 'NO-DATA' };
const TONES: Readonly<Record<Result, Tone>> = { go: 'good', 'no-go': 'critical', 'no-data': 'warning' };

/** Each rule with value, threshold, window and sample size: those that hold are shown too, since silence about a rule says nothing. */
export function* viewOf({ modules, rules, recorded }: GateData): Generator<Block> {
  if (recorded) {
    yield { type: 'paragraph', text: `noted: ${recorded.module} was reloaded at ${recorded.at}; nothing was asked, and this is no GO (${recorded.file})`, tone: 'strong' };
    return;
  }
  for (const [index, { name, decision }] of modules.entries()) {
    if (index > 0) yield { type: 'blank' };
    yield { type: 'paragraph', text: `${RESULT_WORDS[decision]}  ${name}`, tone: 'strong' };
    yield {
      type: 'table',
      columns: [{ title: 'RULE' }, { title: '' }, { title: 'VALUE', align: 'right' }, { title: 'ALLOWED' }, { title: 'WINDOW', align: 'right' }, { title: 'OF', align: 'right' }, { title: 'WHY', flex: true, min: 16 }],
      rows: rules.filter(({ module }) => module === name).map(rowOf),
    };
  }
}

function rowOf({ name, result, value, isLeast, threshold, comparison, unit, windowMs, samples, samplesOf, reason }: RuleRow): Cell[] {
  return [
    name,
    { text: RESULT_WORDS[result], tone: TONES[result] },
    value === null ? '-' : `${isLeast ? '>= ' : ''}${amountOf(value, unit)}`,
    thresholdOf(threshold, comparison, unit),
    windowWords({ windowMs, name }),
    samples === null || samplesOf === null || name === 'cooldown' ? '-' : plural(samplesOf.slice(0, -1), samples),
    { text: reason ?? '', tone: 'dim' },
  ];
}
