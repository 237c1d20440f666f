/** `--explain`: what would be asked, and how it would be judged; nothing is asked. */
import type { ModulePolicy } from '../policy/index.ts';
import { count, duration } from '../report/words.ts';
import { factsQuery, queryOf } from './promql.ts';
import { planOf, RULES } from './rule-table.ts';
import { thresholdOf } from './words.ts';

export function explain(modules: readonly ModulePolicy[], file: string): string {
  return modules.map((module) => `${module.name} (${file})\n\n${planOf(module).map((rule) => ruleText(module, rule)).join('\n')}`).join('\n');
}

function ruleText(module: ModulePolicy, rule: ReturnType<typeof planOf>[number]): string {
  const { name, threshold, comparison, unit, windowMs, minRequests } = rule;
  const lines = [`  ${name}: ${RULES[name].words}; GO when ${thresholdOf(threshold, comparison, unit)}`];
  if (name === 'cooldown') return `${lines[0]}, as noted by drill and gate --record\n`;
  lines[0] += `, over ${duration(windowMs)}${minRequests ? `, of at least ${count(minRequests)} requests` : ''}`;
  const query = queryOf(module, name);
  if (query) {
    lines.push(`    ${query.own ? 'query of the policy' : 'query'}: ${query.value}`);
    if (Object.keys(query.facts).length > 0) lines.push(`    relied on when: ${factsQuery(query.facts)}`);
  }
  return `${lines.join('\n')}\n`;
}
