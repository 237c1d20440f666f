/** When the rules about Node speak, how loud, and when they are silent. */
import { describe, expect, it } from 'vitest';
import { dataOf, groupsOf } from '../../src/node/data.ts';
import type { Handle, NodeLook, OrphanFd } from '../../src/node/model.ts';
import { nodeRules } from '../../src/node/rules/index.ts';
import { closingCall } from '../../src/node/rules/closing.ts';
import { viewOf } from '../../src/node/view.ts';
import type { NodeTrends } from '../../src/node/watch/event.ts';
import { runRules } from '../../src/report/index.ts';

const process_ = { pid: 42, ppid: 1, startTime: '100', comm: 'node', state: 'S', kernelThread: false, uid: 0, threads: 11, fdSize: 64, open: 20, limit: { soft: 1024, hard: 4096 } };

function handle(more: Partial<Handle> = {}): Handle {
  return { pid: 42, thread: 0, kind: 'tcp-socket', fd: 20, ref: true, ...more };
}

function look(more: Partial<NodeLook> = {}): NodeLook {
  return { type: 'node', label: 'node (pid 42)', process: process_, runtime: { name: 'node', version: 'v24.1.0', major: 24 }, sites: false, handles: [], orphans: [], ...more };
}

function judge(more: Partial<NodeLook>): string[] {
  return runRules(nodeRules, [look(more)]).map(({ id, severity, confidence }) => `${id.slice(5)} ${severity} ${confidence}`);
}

const again = (...fds: number[]): NonNullable<NodeLook['again']> => ({ afterMs: 2000, still: new Set(fds.map((fd) => `42:${fd}`)) });

describe('a healthy process', () => {
  it('is nothing to speak of', () => {
    expect(judge({})).toEqual([]);
    expect(judge({ handles: [handle({ ref: false }), handle({ kind: 'pipe-socket', fd: 1, stdio: true })] })).toEqual([]);
    expect(judge({ handles: [handle({ kind: 'tcp-server' })] })).toEqual(['open-handle info certain']);
  });
});

describe('node/open-handle', () => {
  it('warns of what was hung up and stays so', () => {
    const handles = [handle({ state: 'CLOSE_WAIT' })];
    expect(judge({ handles })).toEqual(['open-handle info certain']);
    expect(judge({ handles, again: again() })).toEqual(['open-handle info certain']);
    expect(judge({ handles, again: again(20) })).toEqual(['open-handle warning likely']);
    expect(judge({ handles: [handle({ state: 'CLOSE_WAIT', halfOpen: true, accepted: true })], again: again(20) })).toEqual(['open-handle info certain']);
    expect(judge({ handles: [handle({ state: 'CLOSE_WAIT', receiveQueue: 5000, reads: true })], again: again(20) })).toEqual(['open-handle info certain']);
    expect(judge({ handles: [handle({ state: 'CLOSE_WAIT', receiveQueue: 1, reads: true })], again: again(20) })).toEqual(['open-handle warning likely']);
  });

  it('tells those of one line together, and the same fault by the same fingerprint', () => {
    const of = (fd: number, pid = 42): NodeLook => look({ process: { ...process_, pid }, handles: [handle({ fd, pid, site: '/srv/a.js:3:1' }), handle({ fd: fd + 1, pid, site: '/srv/a.js:3:1' })] });
    const [first] = runRules(nodeRules, [of(20)]);
    const [second] = runRules(nodeRules, [of(30, 77)]);
    expect(first!.title).toContain('2 tcp-sockets keep the loop alive, made at /srv/a.js:3:1');
    expect(first!.fingerprint).toBe(second!.fingerprint);
  });
});

describe('node/unconsumed-stream', () => {
  const response = handle({ http: { method: 'GET', url: '/a', side: 'client', status: 200, unread: true } });
  const twice = { unread: again(20) };
  it('hints at once, and warns where the very same was seen twice', () => {
    expect(judge({ handles: [response] })).toContain('unconsumed-stream info hint');
    expect(judge({ handles: [response], ...twice })).toContain('unconsumed-stream warning likely');
    expect(judge({ handles: [response], unread: again() })).toContain('unconsumed-stream info hint');
  });

  it('takes no age for a proof: a pooled connection is older than what it carries', () => {
    expect(judge({ handles: [{ ...response, ageMs: 60_000 }], again: again(20) })).toContain('unconsumed-stream info hint');
  });

  it('knows a file that nobody reads from one that is written, or read slowly', () => {
    expect(judge({ handles: [handle({ kind: 'file-stream', unread: true })], ...twice })).toEqual(['unconsumed-stream warning likely']);
    expect(judge({ handles: [handle({ kind: 'file-stream', ageMs: 20_000, flowing: false })], again: again(20) })).toEqual([]);
  });
});

describe('node/file-handle', () => {
  const from = (major: number, held?: boolean): Partial<NodeLook> => ({
    runtime: { name: 'node', version: `v${major}.0.0`, major },
    handles: [handle({ kind: 'file-handle', ref: false, site: '/srv/a.js:1:1', ...(held !== undefined && { held }) })],
    again: again(20),
  });
  it('is critical where nobody holds it, and a garbage collection ends the process', () => {
    expect(judge(from(24, false))).toEqual(['file-handle warning certain']);
    expect(judge(from(26, false))).toEqual(['file-handle critical certain']);
  });
  it('is a note where the program holds it, or may', () => {
    expect(judge(from(26, true))).toEqual(['file-handle info certain']);
    expect(judge(from(26))).toEqual(['file-handle info hint']);
    expect(judge({ ...from(26), again: again() })).toEqual(['file-handle info hint']);
  });
});

describe('node/orphan-fd', () => {
  const orphans = (count: number, more: Partial<OrphanFd> = {}): OrphanFd[] => Array.from({ length: count }, (_, index) => ({ pid: 42, fd: 30 + index, kind: 'file', target: '/a', likely: true, ...more }));
  it('hints at one, warns of many', () => {
    expect(judge({ orphans: orphans(1) })).toEqual(['orphan-fd info hint']);
    expect(judge({ orphans: orphans(16), again: again(...Array.from({ length: 16 }, (_, index) => 30 + index)) })).toEqual(['orphan-fd warning hint']);
    expect(judge({ orphans: orphans(16), again: again() })).toEqual(['orphan-fd info hint']);
    expect(judge({ orphans: orphans(30, { likely: false, kind: 'socket' }) })).toEqual([]);
  });
});

describe('node/loop-blocked', () => {
  const stacks = [{ count: 8, frames: [{ func: 'test', file: 'node:internal', line: 1, column: 1 }, { func: 'spin', file: '/srv/a.js', line: 3, column: 1 }] }];
  it('is certain of a loop that never turned', () => {
    expect(judge({ loop: { delayMs: 1400, blocked: true, samples: 8, stacks } })).toEqual(['loop-blocked critical certain']);
    expect(judge({ loop: { delayMs: 300, blocked: false, samples: 0, stacks: [] } })).toEqual(['loop-blocked info hint']);
    expect(judge({ loop: { delayMs: 60, blocked: false, samples: 10, stacks } })).toEqual([]);
    expect(runRules(nodeRules, [look({ loop: { delayMs: 1400, blocked: true, samples: 8, stacks } })])[0]!.title).toContain('in spin (/srv/a.js:3)');
  });

  it('is certain of a thread that a system call holds, and says what about', () => {
    const loop = { delayMs: 1060, blocked: true, samples: 0, stacks: [], call: { name: 'read', target: 'pipe:[5] (descriptor 17)' } };
    expect(judge({ loop })).toEqual(['loop-blocked critical certain']);
    expect(runRules(nodeRules, [look({ loop })])[0]!.title).toContain('the main thread sits in read() of pipe:[5] (descriptor 17)');
  });

  it('is a note while a process starts', () => {
    expect(judge({ loop: { delayMs: 1400, blocked: true, samples: 8, stacks, starting: true } })).toEqual(['loop-blocked info hint']);
  });

  it('is no fault of the program where a debugger has stopped it', () => {
    expect(judge({ loop: { delayMs: 600, blocked: true, paused: true, samples: 1, stacks } })).toEqual(['loop-blocked warning certain']);
  });
});

describe('node/pending-promise', () => {
  const group = { site: '/a.js:2:1', count: 300, old: 200, settledLate: 0, ageMs: 9000, stack: [] };
  it('warns of many that wait long and of whose line none settles', () => {
    expect(judge({ promises: [group] })).toEqual(['pending-promise warning likely']);
  });
  it.each<[string, Partial<NodeLook>]>([
    ['that were made just now', { promises: [{ ...group, old: 0 }] }],
    ['of a line that takes its time', { promises: [{ ...group, settledLate: 3 }] }],
    ['that timers or requests in flight can settle', { promises: [group], handles: Array.from({ length: 200 }, () => handle({ ref: false })) }],
    ['that are few', { promises: [{ ...group, old: 99 }] }],
  ])('only hints at those %s', (_, more) => {
    expect(judge(more)).toEqual(['pending-promise info hint']);
  });
});

describe('node/handle-growth', () => {
  const group = {
    group: 'g', quality: 'exact' as const, trend: 'growing' as const, atStart: 1, atEnd: 30, births: 29, deaths: 0, survivorsGained: 29, growthPerMinute: 60, slowestPerMinute: 50, fastestPerMinute: 70,
    survivorAgeMs: 1000, because: 'it grows', kind: 'tcp-socket', by: 'site', key: '/srv/a.js:3:1',
  };
  const trends: NodeTrends = { type: 'node-trends', process: process_, major: 24, windowMs: 30_000, samples: 24, groups: [group, { ...group, trend: 'grew' }, { ...group, trend: 'steady' }] };

  it('speaks of what grows, and of nothing else', () => {
    const found = runRules(nodeRules, [trends]);
    expect(found.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['node/handle-growth', 'warning', 'likely']]);
    expect(found[0]!.title).toContain('+60 tcp-socket a minute made at /srv/a.js:3:1');
  });

  it('cannot tell of timers that fire after the window', () => {
    const late = runRules(nodeRules, [{ ...trends, groups: [{ ...group, kind: 'timer-timeout', delayMs: 60_000 }] }]);
    expect(late.map(({ severity, confidence }) => [severity, confidence])).toEqual([['info', 'hint']]);
    const soon = runRules(nodeRules, [{ ...trends, groups: [{ ...group, kind: 'timer-timeout', delayMs: 1000 }] }]);
    expect(soon[0]).toMatchObject({ severity: 'warning', confidence: 'likely' });
  });

  it('is a rate of the group in the data', () => {
    const data = dataOf([look({ handles: [handle({ site: '/srv/a.js:3:1' })] })], 'signal', [{ ...trends, groups: [group] }]);
    expect(data.groups).toEqual([{ kind: 'tcp-socket', by: 'site', key: '/srv/a.js:3:1', count: 1, refs: 1, growthPerMinute: 60 }]);
    expect(data.watch).toEqual({ windowMs: 30_000, samples: 24 });
  });
});

describe('closingCall', () => {
  it('names what the version has', () => {
    expect(closingCall('tcp-server', 20)).not.toContain('await using');
    expect(closingCall('tcp-server', 24)).toContain('await using');
    expect(closingCall('timer-interval', 24)).toContain('clearInterval');
  });
});

describe('the view', () => {
  it('is made of any look, and of none', () => {
    const full = look({
      handles: [handle({ http: { method: 'GET', url: '/a', side: 'server' }, local: '127.0.0.1:80', remote: '127.0.0.1:5', state: 'CLOSE_WAIT', accepted: true }), handle({ kind: 'timer-interval', intervalMs: 5, dueMs: 3, callback: '/a.js:1:1' })],
      orphans: [{ pid: 42, fd: 9, kind: 'file', target: '/a', likely: true }],
      loop: { delayMs: 2000, blocked: true, samples: 1, stacks: [{ count: 1, frames: [{ func: '', file: '/a.js', line: 1, column: 1 }] }] },
      promises: [{ site: '/a.js:1:1', count: 1, ageMs: 1, stack: [] }],
      left: { portClosed: true, fdsBefore: 9, fdsAfter: 9, threadsBefore: 7, threadsAfter: 7, openMs: 400 },
    });
    const texts = JSON.stringify([...viewOf('node (pid 42)', dataOf([full], 'signal'), { list: true, rerun: '' })]);
    for (const text of ['GET /a', '127.0.0.1:80 <- 127.0.0.1:5', 'CLOSE_WAIT', 'every 5 ms', 'calls /a.js:1:1', 'inspector opened for 400 ms and closed again', 'The loop did not turn for 2 s']) expect(texts).toContain(text);
    expect([...viewOf('x', { ...dataOf([], ''), refusal: { code: 'bun', why: 'it is Bun' } }, { list: false, rerun: '' })].length).toBeGreaterThan(1);
    expect(groupsOf([])).toEqual([]);
  });
});
