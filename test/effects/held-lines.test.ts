import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExitLines } from '../../src/effects/held/lines.ts';

const LOG = '12  exit_group(3)                     = ?\n12  +++ exited with 3 +++\n13 +++ killed by SIGSEGV (core dumped) +++\n14  exit_group(-1 <unfinished ...>\n15  exit_group(0)  = ?\n14  <... exit_group resumed>)            = ?\n';
const NEWS = [
  { what: 'exiting', tid: 12, code: 3 },
  { what: 'exited', tid: 12, code: 3 },
  { what: 'killed', tid: 13, signal: 'SIGSEGV' },
  { what: 'exiting', tid: 14, code: 255 },
  { what: 'exiting', tid: 15, code: 0 },
];

describe('lines of exits', () => {
  it('are told once, before they are whole', () => {
    const lines = new ExitLines();
    expect(lines.take('12  exit_group(3')).toEqual([NEWS[0]]);
    expect(lines.take(')                     = ?\n')).toEqual([]);
    expect(lines.take('12 +++ exited with 3 +++\n')).toEqual([NEWS[1]]);
  });

  it('are the same wherever lines end a write', () => {
    const whole = LOG.split(/(?<=\n)/);
    fc.assert(fc.property(fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }), (cuts) => {
      const lines = new ExitLines();
      const parts: string[] = [''];
      whole.forEach((line, index) => {
        parts[parts.length - 1] += line;
        if (cuts[index]) parts.push('');
      });
      expect(parts.flatMap((part) => lines.take(part))).toEqual(NEWS);
    }));
  });

  it('of any text are none, and do no harm', () => {
    fc.assert(fc.property(fc.array(fc.string()), (texts) => {
      const lines = new ExitLines();
      for (const text of texts) for (const news of lines.take(text.replaceAll('exit_group', '').replaceAll('+++', ''))) expect(news).toBeUndefined();
    }));
  });
});
