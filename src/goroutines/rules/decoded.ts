/** Names of Go may be any letters: dumps are read as bytes, and findings are for people. */
import { decodeText } from '../../kernel/text.ts';
import type { Finding, RuleDefinition } from '../../report/index.ts';
import type { Observation } from '../../series/index.ts';

/** The same rule, its words decoded. Fingerprints stay as they are. */
export function decoded(rule: RuleDefinition<Observation>): RuleDefinition<Observation> {
  return {
    ...rule,
    create() {
      const made = rule.create();
      return { ...made, observe: (event) => made.observe(event), finish: () => made.finish().map(decodeFinding) };
    },
  };
}

function decodeFinding(finding: Finding): Finding {
  return {
    ...finding,
    title: textOf(finding.title),
    because: textOf(finding.because),
    subject: { ...finding.subject, key: textOf(finding.subject.key) },
    evidence: finding.evidence.map((item) => ({ ...item, name: textOf(item.name), value: typeof item.value === 'string' ? textOf(item.value) : item.value })),
    remedy: finding.remedy.map((one) => ({ ...one, text: textOf(one.text), ...(one.command !== undefined && { command: textOf(one.command) }) })),
  };
}

/** What is no UTF-8 in bytes stays: it was text before (names of files that the user gave). */
function textOf(words: string): string {
  if (/[^\0-\xff]/.test(words)) return words;
  const { text, base64 } = decodeText(words);
  return base64 === undefined ? text : words;
}
