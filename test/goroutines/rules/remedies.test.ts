/** What ends a wait in a known place is what the place needs: a context ends no pipe. */
import { describe, expect, it } from 'vitest';
import { goroutineRules } from '../../../src/goroutines/rules/index.ts';
import { runRules } from '../../../src/report/index.ts';
import { eventOf, goroutine, parse, times } from '../support/dumps.ts';

describe('the remedy for', () => {
  it.each<[string, string, RegExp]>([
    ['reads of pipes', 'io.(*pipe).read(0x1)', /close the writer of the pipe/],
    ['writes to pipes', 'io.(*pipe).write(0x1)', /close the reader of the pipe/],
  ])('%s', async (_, place, remedy) => {
    const dump = await parse(times(1200, (i) => goroutine({ id: i + 2, state: 'select, 20 minutes', frames: [place, 'io.(*PipeReader).Read(...)', 'io.copyBuffer({0x1, 0x2})', 'io.Copy(...)', 'main.drain(0x1)'] })).join(''));
    const texts = runRules(goroutineRules, [eventOf(dump)]).flatMap(({ remedy: all }) => all.map(({ text }) => text));
    expect(texts.join('\n')).toMatch(remedy);
    expect(texts.join('\n')).not.toMatch(/and call its cancel/);
  });
});
