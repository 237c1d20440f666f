import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/kernel/user-error.ts';
import { parseCondition, type Values } from '../../src/record/when/expression.ts';

const holds = (text: string, values: Values): boolean | undefined => parseCondition(text).holds(values);

function wrong(text: string): string {
  try {
    parseCondition(text);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'fine';
}

describe('a condition', () => {
  const values: Values = { fds: 900, soft: 1000, hard: 4096, threads: 12, rss: 300 * 2 ** 20, age: 90 };

  it.each([
    ['fds/soft > 0.8', true], ['fds/soft > 90%', false], ['fds / soft >= 90%', true], ['fds>0.8*soft and age > 1m', true],
    ['fds > 1k or rss > 256MiB', true], ['not fds > 1k', true], ['!(fds > 1k)', true], ['(fds + 100) / soft == 1', true], ['-fds < 0', true],
    ['fds > 100 && (threads > 20 || age < 2m)', true], ['fds - 100 * 2 == 700', true], ['((fds)) != 900', false], ['(fds > 1 and not (threads > 1))', false],
    ['8 / 4 / 2 == 1', true], ['fds > 1 or fds > 2 and fds > 10000', true],
  ])('%s: %s', (text, truth) => expect(holds(text, values)).toBe(truth));

  it('is neither true nor false where what it needs is not known', () => {
    expect(holds('fds/soft > 0.8', { fds: 5 })).toBeUndefined();
    expect(holds('not fds/soft > 0.8', { fds: 5 })).toBeUndefined();
    expect(holds('fds/soft > 0.8 or fds > 4', { fds: 5 })).toBe(true);
    expect(holds('fds/soft > 0.8 and fds > 9', { fds: 5 })).toBe(false);
    expect(holds('fds / (fds - 5) > 1', { fds: 5 })).toBeUndefined();
  });

  it('tells what it asks for', () => expect([...parseCondition('fds/soft > 0.8 or age > 1d').measures]).toEqual(['fds', 'soft', 'age']));

  it.each([
    ['', /^--when:1: nothing/], ['fds/sofd > 0.8', /^--when:5: nothing is called sofd, did you mean soft\?/], ['fds > ', /^--when:7: a number/], ['fds', /^--when:4: a comparison/],
    ['fds > 1 2', /^--when:9: 2 is not expected/], ['fds = 3', /^--when:5: .*==/], ['(fds > 3', /^--when:9: \) is expected/], ['fds > 5parsec', /^--when:8: parsec is no unit/],
    ['fds > 3 ; rm', /^--when:9: ; means nothing/], ['1 < fds < 3', /^--when:9: comparisons do not go on/], ['fds > *', /^--when:7: \* is not expected/], [`${'('.repeat(60)}fds > 1`, /more than 50/],
    ['constructor > 1', /^--when:1: nothing is called constructor/], ['fds >> 1', /^--when:6: > is not/],
  ])('%j is refused at its column', (text, message) => expect(wrong(text)).toMatch(message));

  it('ends in a condition or in a message with a column, whatever is written', () => {
    const word = fc.constantFrom('fds', 'soft', 'age', '(', ')', '<', '>=', '==', 'and', 'or', 'not', '!', '+', '-', '*', '/', '1', '80%', '2MiB', 'x', '=', '€');
    fc.assert(fc.property(fc.oneof(fc.array(word, { maxLength: 14 }).map((words) => words.join(' ')), fc.string()), (text) => {
      expect(wrong(text)).toMatch(/^fine$|^--when:\d+: /);
    }));
  });

  it('counts as arithmetic does', () => {
    const number = fc.integer({ min: 0, max: 99 }).map(String);
    const sum = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, number, fc.tuple(tie('any'), fc.constantFrom('+', '-', '*'), tie('any')).map(([a, operator, b]) => `(${a} ${operator} ${b})`)),
    })).any as fc.Arbitrary<string>;
    fc.assert(fc.property(sum, (text) => {
      expect(holds(`${text} == ${Math.abs(Number(new Function(`return ${text}`)()))} or ${text} < 0`, {})).toBe(true);
    }));
  });
});
