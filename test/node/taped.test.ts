/** What stands on a tape may be anything: it is read without a fault, and what was seen comes back as it was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoverageLog } from '../../src/kernel/coverage.ts';
import type { Process } from '../../src/kernel/types.ts';
import type { LookResult } from '../../src/node/look.ts';
import type { Handle, NodeLook } from '../../src/node/model.ts';
import { nodeRules } from '../../src/node/rules/index.ts';
import { fromTape, toTape } from '../../src/node/taped.ts';
import { runRules } from '../../src/report/index.ts';

const process = { pid: 42, startTime: '100', comm: 'node' } as Process;
const handle: Handle = {
  pid: 42, thread: 0, kind: 'tcp-socket', id: 7, fd: 20, ref: true, site: '/srv/a.js:1:2', stack: [{ func: 'f', file: '/srv/a.js', line: 1, column: 2 }],
  callback: '/srv/a.js:3:4', local: '127.0.0.1:1', remote: '127.0.0.1:2', state: 'CLOSE_WAIT', receiveQueue: 5, accepted: true, buffered: 3, flowing: false, reads: true,
  ended: true, connections: 1, path: '/p', childPid: 8, workerId: 1, command: 'c', intervalMs: 9, dueMs: 1, ageMs: 12, held: true, stdio: true, halfOpen: true, unread: true,
  http: { method: 'GET', url: '/x', side: 'client', status: 200, unread: true },
};
const look: NodeLook = {
  type: 'node', label: 'node (pid 42)', process, runtime: { name: 'node', version: 'v26.1.0', major: 26 }, sites: true, handles: [handle],
  orphans: [{ pid: 42, fd: 9, kind: 'file', target: '/etc/hosts', likely: true, site: '/srv/a.js:5:6', ageMs: 4 }],
  loop: { delayMs: 1200, blocked: true, samples: 8, stacks: [{ frames: handle.stack!, count: 8 }] },
  promises: [{ site: '/srv/a.js:7:8', count: 3, old: 2, settledLate: 1, ageMs: 5, stack: handle.stack! }],
  heap: { promises: 5, pending: 3, cut: false },
  again: { afterMs: 2000, still: new Set(['42:20']) },
  unread: { afterMs: 2010, still: new Set(['42:21']) },
  left: { portClosed: true, fdsBefore: 20, fdsAfter: 20, threadsBefore: 11, threadsAfter: 11, openMs: 30 },
};

describe('a look', () => {
  it('comes back from a tape as it was', () => {
    const coverage = new CoverageLog();
    coverage.note({ source: 'handles', status: 'ok', seen: 1, total: 1, needed: true });
    const result: LookResult = { look, how: 'preload', coverage };
    const back = fromTape(JSON.parse(JSON.stringify(toTape(result))), process, 42) as Extract<LookResult, { look: NodeLook }>;
    expect(back.look).toEqual({ ...look, label: back.look.label });
    expect([back.how, back.coverage.list()]).toEqual(['preload', coverage.list()]);
  });

  it('that was refused comes back refused', () => {
    const result: LookResult = { refused: { refusal: { code: 'bun', why: 'it is Bun' } }, coverage: new CoverageLog() };
    expect(fromTape(JSON.parse(JSON.stringify(toTape(result))), process, 42)).toMatchObject({ refused: { refusal: { code: 'bun', why: 'it is Bun' } } });
  });

  it('at a thread that a system call holds comes back, with what it says', () => {
    const stuck = { name: 'read', target: 'pipe:[5]', forMs: 1060 };
    const back = fromTape(JSON.parse(JSON.stringify(toTape({ refused: { refusal: { code: 'blocked', why: 'x' }, stuck }, coverage: new CoverageLog() }))), process, 42);
    expect('refused' in back && back.stuck?.loop).toMatchObject({ blocked: true, delayMs: 1060, call: { name: 'read', target: 'pipe:[5]' } });
  });

  it('of a tape that holds anything is no fault, of the rules neither', () => {
    const member = fc.constantFrom('runtime', 'major', 'handles', 'orphans', 'stack', 'http', 'trends', 'groups', 'again', 'still', 'loop', 'stacks', 'promises', 'kind', 'fd', 'coverage');
    const anything = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(member, tie('value'), { maxKeys: 6 })),
    })).value;
    fc.assert(fc.property(fc.dictionary(member, anything), fc.boolean(), (taped, isNode) => {
      const result = fromTape(isNode ? { ...taped, runtime: { major: 24, version: 'v24.0.0', name: 'node' } } : taped, process, 42);
      if ('look' in result) runRules(nodeRules, [result.look, ...(result.trends ? [result.trends] : [])]);
    }));
  });
});
