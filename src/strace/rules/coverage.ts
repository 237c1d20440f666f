import { fingerprint } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import { traceRule } from './trace-rule.ts';

const ID = 'strace/coverage';

/** Why this log tells less than it seems to. */
export const coverage = traceRule(ID, 'coverage', (events) =>
  events.map(({ reasons, at }) => {
    const doubts = reasons.filter(({ weight }) => weight === 'doubt');
    const [first] = doubts.length > 0 ? doubts : reasons;
    return {
      id: ID,
      severity: 'info',
      confidence: 'certain',
      because: 'counted while the log was read',
      title: `${doubts.length > 0 ? 'this log does not tell all' : 'the log has gaps'}: ${first!.text}${reasons.length > 1 ? `, and ${reasons.length - 1} more` : ''}`,
      subject: { kind: 'log', key: 'coverage' },
      evidence: reasons.map(({ text, count: times }) => ({ name: text, value: count(times), source: at.source })),
      remedy: [{ text: 'record with what is needed', command: 'strace -f -tt -T -y -e trace=%desc,%process,%network -o app.strace -p PID', risk: 'none' }],
      fingerprint: fingerprint(ID, ...doubts.map(({ text }) => text)),
    };
  }),
);
