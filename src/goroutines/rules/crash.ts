import type { Frame, Group } from '../../kernel/goroutines.ts';
import type { Finding } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { benignReason } from '../benign.ts';
import { isRuntime, ownerOf, placeOf, siteOf } from '../names.ts';
import { structure } from './words.ts';

const ID = 'goroutine/crash';
/** What the runtime ends a program with; deadlocks have findings of their own, which say who waits where. */
const CRASH = /^(?:http: )?panic|^fatal error: (?!all goroutines are asleep)|^unexpected fault address/;
/** net/http recovers what a handler panics with, and prints the stack; others print theirs by runtime/debug. */
const CAUGHT = /^http: panic serving /;
const PRINTS = /^runtime\/debug\.(Stack|PrintStack)$/;

/** The dump was printed because the program crashed: it says what with, and the first goroutine says where. */
export const crash = lastEventRule<GoroutinesEvent>(ID, 'goroutines', (event) => {
  const { reason, groups } = event.dump;
  if (reason === undefined || !CRASH.test(reason)) return [];
  const first = groups.find(({ system }) => !system);
  return [findingOf(event, reason, TIMED_OUT.test(reason) ? (runningTest(groups) ?? first) : first)];
});

/** What runs when the time is over is the alarm of the test program (testing.(*M).startAlarm), and no test. */
const TIMED_OUT = /^panic: test timed out/;

/** Where most tests are that wait neither for their turn nor for their parts. */
function runningTest(groups: readonly Group[]): Group | undefined {
  const tests = groups.filter((group) => group.frames.some(({ func }) => func === 'testing.tRunner') && benignReason(group) === undefined);
  return tests.filter(({ frames }) => frames.some((frame) => ownerOf(frame) !== 'stdlib')).sort((a, b) => b.count - a.count)[0];
}

function findingOf(event: GoroutinesEvent, reason: string, group: Group | undefined): Finding {
  const caught = CAUGHT.test(reason) || (group?.frames.some(({ func }) => PRINTS.test(func)) ?? false);
  const frame = group && placeIn(group.frames);
  const what = reason.replace(/^fatal error: /, '');
  const id = group?.samples[0]?.id;
  const { source } = event;
  return {
    id: ID,
    severity: caught ? 'warning' : 'critical',
    confidence: 'certain',
    because: caught ? 'a stack was printed behind the words of a panic that was caught' : 'the runtime prints this, and ends the program',
    title: `${caught ? 'a panic was caught' : 'the program crashed'}: ${what}${frame ? `, in ${placeOf(frame)}` : ''}`,
    subject: { kind: 'crash', key: frame?.func ?? what, ...(event.pid !== undefined && { pid: event.pid }) },
    evidence: [
      { name: 'reason', value: reason, source },
      ...(frame ? [{ name: 'where', value: `${frame.file}:${frame.line}`, source }] : []),
      ...(id === undefined ? [] : [{ name: 'goroutine', value: id, source }]),
    ],
    remedy: [{ text: frame ? `look at ${placeOf(frame)}: ${TIMED_OUT.test(reason) ? 'a test that was running is there' : 'the goroutine that runs there is the first of the dump'}` : 'look at the first goroutine of the dump', risk: 'none' }],
    fingerprint: fingerprint(ID, frame ? structure(frame) : '', caught ? 'caught' : 'crash'),
  };
}

/** What stands below the panic, or below what the runtime printed; the innermost code of the program, where there is any. */
function placeIn(frames: readonly Frame[]): Frame | undefined {
  const at = frames.findLastIndex(({ func }) => func === 'panic' || func === 'runtime.gopanic' || func === 'runtime.throw' || func === 'runtime.fatal');
  const below = frames.slice(at + 1);
  return below.find((frame) => ownerOf(frame) !== 'stdlib' && !isRuntime(frame.func)) ?? siteOf(below) ?? frames[0];
}
