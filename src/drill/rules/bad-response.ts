import { type Finding, lastEventRule } from '../../report/index.ts';
import type { DrillSeen } from '../model.ts';
import { controlWords, evidenceOf, failuresOf, findingOf, reloadsWords, severityOf, trafficWords } from './about.ts';

const ID = 'reload/bad-response';

/** Answers that were cut short, errors of the server, and answers of a generation that should be gone. */
export const badResponse = lastEventRule<DrillSeen>(ID, 'drill', (seen) => [...cut(seen), ...status(seen), ...wrong(seen)]);

function cut(seen: DrillSeen): Finding[] {
  const failures = failuresOf(seen, ['cut']);
  if (failures.judged + failures.streams === 0) return [];
  return [
    findingOf(seen, {
      id: ID, severity: severityOf(seen, failures), structure: 'cut',
      title: `killed before drain: ${trafficWords(failures.notes, failures)} cut short in the middle of the answer in ${reloadsWords(seen, failures)}`,
      because: 'the answer had begun, and the connection ended before its length or its last chunk was there',
      evidence: evidenceOf(seen, failures),
      remedy: [{ text: 'the old generation must finish what it answers before it ends: a graceful stop instead of KILL, and a time limit for it that is longer than the longest answer', risk: 'none' }],
    }),
  ];
}

function status(seen: DrillSeen): Finding[] {
  const failures = failuresOf(seen, ['status']);
  if (failures.judged + failures.streams === 0) return [];
  const kinds = [...new Set(failures.notes.map(({ detail }) => detail))].slice(0, 3).join(', ');
  return [
    findingOf(seen, {
      id: ID, severity: severityOf(seen, failures), structure: 'status',
      title: `${trafficWords(failures.notes, failures)} answered with an error in ${reloadsWords(seen, failures)}: ${kinds}`,
      because: `an answer of 500 or more, or of 400 or more where the first one was less, or none of HTTP: ${controlWords(seen, ['status'])}`,
      evidence: evidenceOf(seen, failures, [{ name: 'answers', value: kinds, source: seen.endpoint.label }]),
      remedy: [{ text: 'let the new generation take connections only when it is ready: its dependencies connected, its configuration read', risk: 'none' }],
    }),
  ];
}

function wrong(seen: DrillSeen): Finding[] {
  const failures = failuresOf(seen, ['wrongGeneration']);
  if (failures.judged === 0) return [];
  return [
    findingOf(seen, {
      id: ID, severity: severityOf(seen, failures), structure: 'wrong generation',
      title: `${trafficWords(failures.notes, failures)} answered by an old generation after the new one had taken over, in ${reloadsWords(seen, failures)}`,
      because: `header ${seen.options.header} named a generation that was to be gone, on a connection that was opened after its successor had answered`,
      evidence: evidenceOf(seen, failures, [{ name: 'example', value: failures.notes[0]?.detail ?? '', source: seen.endpoint.label }]),
      remedy: [{ text: 'see who still holds the listener', command: `reloadctl listen :${seen.endpoint.port}`, risk: 'none' }],
    }),
  ];
}
