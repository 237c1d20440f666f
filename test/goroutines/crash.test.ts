/** What the runtime says before the first goroutine is the first thing to be told. */
import { describe, expect, it } from 'vitest';
import { goroutine, judge, parse } from './support/dumps.ts';

const running = (...frames: string[]): string => goroutine({ id: 7, state: 'running', frames, creator: '' });

async function titlesOf(text: string): Promise<string[]> {
  return judge(await parse(text)).map(({ severity, title }) => `${severity} ${title}`);
}

describe('a crash', () => {
  it.each([
    ['a panic', `panic: boom\n\n${running('main.load(0x1)')}`, 'critical the program crashed: panic: boom, in main.load (main.go:10)'],
    ['behind a log', `2026/01/02 up\npanic: boom\n\n${running('main.load(0x1)')}exit status 2\n`, 'critical the program crashed: panic: boom, in main.load (main.go:10)'],
    ['with the signal in a line of its own', `panic: runtime error: invalid memory address\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\n${running('main.load(0x1)')}`, 'critical the program crashed: panic: runtime error: invalid memory address, in main.load (main.go:10)'],
    ['the second of two panics', `panic: one [recovered]\n\tpanic: two\n\n${running('panic({0x1, 0x2})', 'main.again()')}`, 'critical the program crashed: panic: two, in main.again (main.go:11)'],
    ['a fatal error', `fatal error: concurrent map writes\n\n${running('internal/runtime/maps.fatal({0x1, 0x2})', 'main.count()')}`, 'critical the program crashed: concurrent map writes, in main.count (main.go:11)'],
    ['of a handler', `2026/01/02 03:04:05 http: panic serving 10.0.0.1:4711: boom\n${running('net/http.(*conn).serve.func1()', 'panic({0x1, 0x2})', 'main.handle()')}`, 'warning a panic was caught: http: panic serving 10.0.0.1:4711: boom, in main.handle (main.go:12)'],
    ['that was caught and printed', `recovered: panic: boom\n${running('runtime/debug.Stack()', 'main.guard()', 'panic({0x1, 0x2})', 'main.handle()')}`, 'warning a panic was caught: panic: boom, in main.handle (main.go:13)'],
  ])('%s', async (_, text, title) => {
    expect(await titlesOf(text)).toEqual([title]);
  });

  it('of tests that took too long names them, and where one of them is, not the alarm', async () => {
    const alarm = goroutine({ id: 224, state: 'running', frames: ['testing.(*M).startAlarm.func1()'], creator: 'time.goFunc' });
    const waiting = goroutine({ id: 25, frames: ['testing.(*T).Parallel(0x1)', 'tp.TestMany.func1(0x1)', 'testing.tRunner(0x1, 0x2)'] });
    const test = goroutine({ id: 24, frames: ['tp.TestMany.func1(0x1)', 'testing.tRunner(0x1, 0x2)'] });
    const text = `panic: test timed out after 6s\n\trunning tests:\n\t\tTestMany/0 (6s)\n\t\tTestMany/199 (6s)\n\n${alarm}${waiting}${test}`;
    expect(await titlesOf(text)).toEqual(['critical the program crashed: panic: test timed out after 6s; running tests: TestMany/0 (6s), TestMany/199 (6s), in tp.TestMany.func1 (main.go:10)']);
  });

  it('is not what was asked for', async () => {
    expect(await titlesOf(`SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n${running('main.load(0x1)')}`)).toEqual([]);
    expect(await titlesOf(`panic: old\nmain started\nSIGQUIT: quit\n\n${running('main.load(0x1)')}`)).toEqual([]);
  });

  it('loses the quote of its log', async () => {
    expect((await parse(`time="x" msg="SIGQUIT: quit"\n${running('main.load(0x1)')}`)).reason).toBe('SIGQUIT: quit');
  });
});
