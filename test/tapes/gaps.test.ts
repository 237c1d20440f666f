/** What is not on a tape is said: no line can be taken out of one without a word about it. */
import { describe, expect, it } from 'vitest';
import { tapeCoverage } from '../../src/cli/tape.ts';
import { openTapeWriter, readTape } from '../../src/evidence/index.ts';
import { NOT_RECORDED } from '../../src/evidence/types.ts';
import { UserError } from '../../src/kernel/user-error.ts';
import { type Analysis, analyse, askedIn, judged, tapeText, without } from './support/tapes.ts';

function questionsOn(text: string): string[] {
  return [...new Set(text.trimEnd().split('\n').slice(1, -1).map(askedIn))];
}

/** All that the command would show. */
function shown({ findings, data }: Analysis): string {
  return JSON.stringify({ findings, data });
}

/** `refused`: no report at all, exit 3, and the reason is that it was not recorded. */
async function analysed(text: string): Promise<Analysis | 'refused'> {
  try {
    return await analyse(text);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 3 && /not recorded on this tape/.test(error.message)) return 'refused';
    throw error;
  }
}

function mainPid(text: string): number {
  return (JSON.parse(text.slice(0, text.indexOf('\n'))) as { target: { pids: number[] } }).target.pids[0]!;
}

describe.each(['fd-inherited', 'socket-close-wait', 'epoll-stale-target', 'listen-accept-queue-full', 'socket-closed-both-ways', 'fd-growth'])('%s, one question after the other taken out', (name) => {
  const text = tapeText('err', name);
  const pid = mainPid(text);

  it('is never told differently without a word', async () => {
    const whole = await analyse(text);
    const silent: string[] = [];
    let noticed = 0;
    for (const question of questionsOn(text)) {
      const less = await analysed(without(text, (asked) => asked === question));
      const told = less === 'refused' || less.coverage.some(({ status, detail }) => status !== 'ok' && /not recorded/.test(detail ?? ''));
      if (told) noticed++;
      else if (shown(less) !== shown(whole)) silent.push(question);
    }
    expect(silent).toEqual([]);
    expect(noticed).toBeGreaterThan(20);
  });

  it('is inconclusive without an answer about the target itself, or fails on what is proven all the same', async () => {
    for (const question of questionsOn(text).filter((asked) => new RegExp(`^\\w+ /proc/${pid}/(fd$|fd/|fdinfo/|stat$|status$|limits$|net/tcp$)`).test(asked))) {
      const less = await analysed(without(text, (asked) => asked === question));
      if (less === 'refused') continue;
      // kcmp and the like may have been asked with another key: what counts is that something of the target is missing.
      if (less.missing.length > 0) expect([question, less.verdict]).not.toEqual([question, 'pass']);
    }
  });
});

describe('without the list of descriptors', () => {
  it('nothing is found, and that is no all-clear', async () => {
    const text = tapeText('err', 'fd-near-limit');
    const pid = mainPid(text);
    const less = await analyse(without(text, (asked) => asked === `list /proc/${pid}/fd`));
    expect(less.coverage).toContainEqual(expect.objectContaining({ source: 'fd table', status: 'absent', detail: `/proc/${pid}/fd: not recorded on this tape`, needed: true }));
    // The count is known without the list, and still says how near the limit is.
    expect(judged(less.findings)).toEqual([{ id: 'fd/near-limit', severity: 'critical', confidence: 'likely' }]);
  });
});

describe('without the process', () => {
  it('it is not called gone', async () => {
    const text = tapeText('ok', 'fd-near-limit');
    const pid = mainPid(text);
    const less = await analyse(without(text, (asked) => asked === `read /proc/${pid}/stat`));
    expect(less.verdict).toBe('inconclusive');
    expect(JSON.stringify(less.coverage)).not.toMatch(/gone|ended/);
    expect(less.coverage[0]?.detail).toBe(`/proc/${pid}/stat: not recorded on this tape`);
  });
});

describe('with descendants of a target that was recorded alone', () => {
  it('what they hold is listed, and what is not known of it is told', async () => {
    const less = await analyse(tapeText('err', 'fd-inherited'), { tree: true });
    expect(less.data.processes).toHaveLength(2);
    expect(less.coverage).toContainEqual(expect.objectContaining({ source: 'tape', status: 'absent', needed: true }));
  });
});

describe('the line about what is missing', () => {
  const target = { spec: '7', label: 'app (pid 7)', pids: [7] };
  it.each([
    [['/proc/7/limits'], true],
    [['/proc/9/limits', '/proc/7/fd/3'], true],
    [['/proc'], true],
    [['what came after the last pause'], true],
    [['/proc/71/limits'], false],
    [['sock_diag tcp', 'kcmp KCMP_FILE 7:3:8:3'], false],
  ])('%j is needed: %j', (missing, needed) => {
    expect(tapeCoverage(missing, target)).toEqual([expect.objectContaining({ source: 'tape', status: 'absent', needed })]);
  });

  it('is not there when nothing is', () => {
    expect(tapeCoverage([], target)).toEqual([]);
  });

  it('names what is needed before what is not', () => {
    expect(tapeCoverage(['/proc/9/stat', '/proc/7/stat'], target)[0]?.detail).toBe('not recorded on this tape: /proc/7/stat and 1 more');
  });
});

describe('a tape of a tape', () => {
  it('lacks what the first one lacks', async () => {
    const inner = readTape(without(tapeText('err', 'fd-near-limit'), (asked) => asked === 'list /proc'), 'x.rctl');
    const writer = openTapeWriter(inner, inner.header);
    expect(writer.evidence.list('/proc').errno).toBe(NOT_RECORDED);
    expect(readTape(writer.finish(), 'y.rctl').list('/proc').errno).toBe(NOT_RECORDED);
    expect(writer.finish().split('\n')).toHaveLength(3);
  });
});
