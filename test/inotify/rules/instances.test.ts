/** When the rules about instances speak, how loud, and when they are silent. */
import { describe, expect, it } from 'vitest';
import type { Expectation, InotifyLook, Instance, Queue, Watch, WatchState } from '../../../src/inotify/instances/model.ts';
import { instanceRules } from '../../../src/inotify/instances/rules.ts';
import type { ProbeLook } from '../../../src/inotify/probe/model.ts';
import { runRules } from '../../../src/report/index.ts';

function watch(more: Partial<Watch> = {}): Watch {
  return { pid: 42, fd: 3, wd: 1, ino: '7', major: 254, minor: 0, mask: 0xfc6, ignoredMask: 0, state: 'ok', path: '/etc/app/cfg', what: 'file', fsType: 'ext4', ...more };
}

function instance(more: Partial<Instance> = {}): Instance {
  const process = {
    pid: 42, ppid: 1, startTime: '100', comm: 'app', state: 'S', kernelThread: false, uid: 0, threads: 1, fdSize: 64, open: 4, limit: { soft: 1024, hard: 4096 },
  };
  return { process, fd: 3, watches: [watch()], maxWd: 1, sharedWith: [], ...more };
}

function queue(more: Partial<Queue> = {}): Queue {
  return { bytes: 3200, state: 'stuck', samples: 7, overMs: 1000, highestBytes: 3200, ...more };
}

function judge(instances: Instance[], more: Partial<InotifyLook> = {}): string[] {
  const look: InotifyLook = { type: 'inotify', label: 'app (pid 42)', instances, maxQueuedEvents: 16_384, expectations: [], complete: true, ...more };
  return runRules(instanceRules, [look]).map(({ id, severity, confidence }) => `${id} ${severity} ${confidence}`);
}

describe('a healthy instance', () => {
  it('is nothing to speak of', () => {
    expect(judge([instance({ queue: queue({ state: 'empty', bytes: 0 }) })])).toEqual([]);
    expect(judge([instance({ queue: queue({ state: 'draining', bytes: 100_000 }) })])).toEqual([]);
    expect(judge([])).toEqual([]);
  });
});

describe('inotify/queue', () => {
  it.each([
    [queue(), ['inotify/queue info hint']],
    // Some programs read in batches: far from full it is no fault.
    [queue({ overMs: 5000 }), ['inotify/queue info likely']],
    [queue({ overMs: 5000, growth: 20_000 }), ['inotify/queue warning likely']],
    [queue({ overMs: 5000, bytes: 200_000 }), ['inotify/queue warning likely']],
    [queue({ overMs: 30_000 }), ['inotify/queue warning likely']],
    [queue({ bytes: 600_000, mayBeFull: 16_384 }), ['inotify/queue warning hint']],
    [queue({ overMs: 5000, bytes: 64 }), ['inotify/queue info likely']],
    [queue({ stopped: true, bytes: 64 }), ['inotify/queue warning certain']],
  ] as const)('%j', (seen, expected) => {
    expect(judge([instance({ queue: seen })])).toEqual(expected);
  });

  it('speaks once of a queue that is shared', () => {
    const other = instance({ queue: queue(), sharedWith: [{ pid: 42, fd: 3 }] });
    other.process = { ...other.process, pid: 43 };
    expect(judge([instance({ queue: queue(), sharedWith: [{ pid: 43, fd: 3 }] }), other])).toEqual(['inotify/queue info hint']);
  });
});

describe('inotify/overflow', () => {
  it.each([
    [524_304, 'critical certain'],
    [262_160, 'critical certain'],
    [16_384 * 48 + 16, 'critical likely'],
    [611_770, 'critical likely'],
  ])('%d bytes are full: %s', (bytes, words) => {
    expect(judge([instance({ queue: queue({ state: 'full', highestBytes: bytes, bytes, limit: 16_384, ...(bytes === 611_770 && { estimate: { events: 16_384, names: 20_000 } }) }) })])).toEqual([`inotify/overflow ${words}`]);
  });

  it('is less sure of small events where directories are watched', () => {
    const full = queue({ state: 'full', highestBytes: 262_160, bytes: 262_160, limit: 16_384 });
    expect(judge([instance({ watches: [watch({ what: 'directory' })], queue: full })])).toEqual(['inotify/overflow critical likely']);
  });
});

describe('inotify/dead-watch', () => {
  it.each([
    ['replaced', ['inotify/dead-watch warning certain']],
    ['deleted', ['inotify/dead-watch warning certain']],
    ['covered', ['inotify/dead-watch warning likely']],
    ['nameless', ['inotify/dead-watch warning likely']],
    ['moved', ['inotify/dead-watch warning hint']],
    ['unresolved', []],
    ['unchecked', []],
  ] as [WatchState, string[]][])('%s', (state, expected) => {
    expect(judge([instance({ watches: [watch({ state })] })])).toEqual(expected);
  });

  it('says nothing of a watch whose program was told by another one', () => {
    expect(judge([instance({ watches: [watch({ state: 'replaced', told: 'anew' }), watch({ wd: 2, path: '/etc/app', what: 'directory' })] })])).toEqual([]);
  });

  it('is a note where the program may have been told, or was told and did nothing', () => {
    const directory = watch({ wd: 2, path: '/etc/app', what: 'directory', mask: 0xfc6 });
    expect(judge([instance({ watches: [watch({ state: 'nameless', path: undefined }), directory] })])).toEqual(['inotify/dead-watch info hint']);
    expect(judge([instance({ watches: [watch({ state: 'replaced', what: 'directory', told: 'only' }), directory] })])).toEqual(['inotify/dead-watch info likely']);
  });

  it('notes a watcher that watches nothing any more, and no other program', () => {
    expect(judge([instance({ watches: [], library: { name: 'node --watch', watchesAnew: false } })])).toEqual(['inotify/dead-watch info hint']);
    expect(judge([instance({ watches: [] })])).toEqual([]);
  });

  it('says nothing of a file that was made without a name', () => {
    expect(judge([instance({ watches: [watch({ state: 'deleted', path: '/tmp/#123' })] })])).toEqual([]);
  });

  const change = { path: '/etc/app/cfg', by: [] };
  const expectation = (verdict: Expectation['verdict'], changes: Expectation['changes']): Partial<InotifyLook> => ({ expectations: [{ path: '/etc/app/cfg', verdict, changes }] });
  const none = expectation('not-seen', [{ ...change, change: 'write', seen: false }, { ...change, change: 'replace', seen: false }]);
  const once = expectation('partly', [{ ...change, change: 'write', seen: true }, { ...change, change: 'replace', seen: true, once: true }]);

  it('is critical when what is expected cannot be seen, and everything was read', () => {
    expect(judge([instance()], none)).toEqual(['inotify/dead-watch critical certain']);
    expect(judge([], none)).toEqual(['inotify/dead-watch critical certain']);
    expect(judge([instance()], { ...none, complete: false })).toEqual(['inotify/dead-watch warning likely']);
  });

  it('warns of a watch that one replacement ends, unless the library adds it anew', () => {
    expect(judge([instance()], once)).toEqual(['inotify/dead-watch warning likely']);
    expect(judge([instance({ library: { name: 'chokidar 4.0.3', watchesAnew: true } })], once)).toEqual(['inotify/dead-watch info likely']);
    expect(judge([instance({ library: { name: 'node fs.watch (perhaps under chokidar 4.0.3)' } })], once)).toEqual(['inotify/dead-watch warning hint']);
  });

  it('is silent of what is seen, and of what could not be told', () => {
    expect(judge([instance()], expectation('seen', []))).toEqual([]);
    expect(judge([instance()], expectation('unknown', []))).toEqual([]);
  });
});

describe('inotify/churn', () => {
  const loop: Partial<Instance> = { maxWd: 500, added: 400, watchesAtStart: 1, queue: queue({ state: 'empty', bytes: 0, highestBytes: 0, samples: 50 }) };
  it.each([
    [{ maxWd: 192_536 }, {}, ['inotify/churn info hint']],
    [{ maxWd: 999 }, {}, []],
    [{ maxWd: 5000, watches: Array.from({ length: 400 }, () => watch()) }, {}, []],
    // Saves by rename make a healthy program do so: unless it does it without an event.
    [{ maxWd: 500, added: 200, watchesAtStart: 1 }, { windowMs: 5000 }, ['inotify/churn info likely']],
    [{ ...loop, addedAgain: 1, addedNew: 0 }, { windowMs: 5000 }, ['inotify/churn warning likely']],
    // Whoever reads at once has an empty queue at every look: directories that come and go are new ones each time.
    [{ ...loop, addedAgain: 0, addedNew: 1 }, { windowMs: 5000 }, ['inotify/churn info likely']],
    [{ ...loop, addedAgain: 3, addedNew: 1 }, { windowMs: 5000 }, ['inotify/churn info likely']],
    [{ ...loop }, { windowMs: 5000 }, ['inotify/churn info likely']],
    [{ ...loop, addedAgain: 1, addedNew: 0, watches: [watch({ mask: 0x80000008 })] }, { windowMs: 5000 }, ['inotify/churn info likely']],
    [{ maxWd: 500, added: 400, addedAgain: 1, addedNew: 0, watchesAtStart: 1, queue: queue({ state: 'empty', bytes: 0, highestBytes: 64, samples: 50 }) }, { windowMs: 5000 }, ['inotify/churn info likely']],
    // It began to watch a tree, and keeps that.
    [{ maxWd: 300, added: 200, watchesAtStart: 100, watches: Array.from({ length: 300 }, () => watch()) }, { windowMs: 5000 }, []],
  ] as [Partial<Instance>, Partial<InotifyLook>, string[]][])('%#', (more, look, expected) => {
    expect(judge([instance(more)], look)).toEqual(expected);
  });
});

describe('inotify/blind-filesystem', () => {
  it.each([['nfs4', 'info hint'], ['fuse.sshfs', 'info hint'], ['9p', 'info hint'], ['proc', 'info hint']])('%s', (fsType, confidence) => {
    expect(judge([instance({ watches: [watch({ fsType }), watch({ wd: 2 })] })])).toEqual([`inotify/blind-filesystem ${confidence}`]);
  });

  it('entries of a directory of /proc are made by the kernel', () => {
    expect(judge([instance({ watches: [watch({ fsType: 'proc', what: 'directory' }), watch({ wd: 2 })] })])).toEqual(['inotify/blind-filesystem warning likely']);
  });

  const probe: ProbeLook = { type: 'inotify-probe', directory: '/mnt/x', fsType: 'fuse', cells: [{ pattern: 'append', watch: 'file', events: ['MODIFY'], details: [], alive: true, listed: true }], skipped: [], behind: [], conclusion: 'poll', because: 'x' };
  const missed = { pattern: 'write-behind', watch: 'file', events: [], visible: true } as const;

  it.each([
    [probe, ['warning hint']],
    [{ ...probe, behind: [missed] }, ['warning certain']],
    [{ ...probe, fsType: 'overlay', behind: [missed], conclusion: 'watch-directory' }, ['info certain']],
    [{ ...probe, behind: [{ ...missed, events: ['MODIFY'] }], conclusion: 'watch-directory' }, []],
    [{ ...probe, cells: [{ ...probe.cells[0]!, events: [] }] }, ['warning certain']],
  ] as [ProbeLook, string[]][])('probed: %#', (look, expected) => {
    expect(runRules(instanceRules, [look]).map(({ severity, confidence }) => `${severity} ${confidence}`)).toEqual(expected);
  });
});
