/** To which reload something belongs. */
import { describe, expect, it } from 'vitest';
import { destroyedIn } from '../../src/drill/destroyed.ts';
import { Reconnects } from '../../src/drill/load/reconnects.ts';
import { Tally } from '../../src/drill/load/tally.ts';
import type { Ended } from '../../src/drill/load/types.ts';
import type { ReloadSeen } from '../../src/drill/model.ts';

describe('what was under way when a reload began', () => {
  it.each<[string, Ended['result'], number]>([
    ['an answer belongs to the time before', { what: 'ok' }, 0],
    ['a connection that was lost belongs to the reload', { what: 'raced' }, 1],
    ['a reset, too', { what: 'failed', class: 'reset', during: 'before', detail: 'ECONNRESET' }, 1],
    ['a timeout belongs to the time at which it was asked', { what: 'failed', class: 'timeout', during: 'before', detail: '' }, 0],
  ])('%s', (_what, result, reload) => {
    const tally = new Tally();
    tally.begin(0);
    const intended = performance.now();
    tally.begin(1);
    tally.note({ traffic: 'pooled', intended, started: intended, ended: performance.now(), result });
    expect(tally.phases.map(({ by }) => by.pooled.total)).toEqual(reload === 0 ? [1, 0] : [0, 1]);
  });
});

describe('reconnects', () => {
  it('the most within any 100 ms, wherever these begin', () => {
    const reconnects = new Reconnects();
    for (const at of [0, 60, 90, 130, 150, 300]) reconnects.note(at);
    expect(reconnects).toMatchObject({ count: 6, most: 4 });
  });
});

describe('a listener that was destroyed', () => {
  it('belongs to the reload that was the last to begin', () => {
    const reloads = [{ index: 1, atMs: 1000 }, { index: 2, atMs: 2000 }] as ReloadSeen[];
    const destroyed = { isLossy: false, listeners: [{ inode: '7', address: 'a:1', atMs: 500 }, { inode: '8', address: 'a:1', atMs: 1999.96 }, { inode: '9', address: 'a:1', atMs: 2500 }] };
    expect(reloads.map((reload) => destroyedIn({ destroyed, reloads }, reload))).toEqual([[{ inode: '8', address: 'a:1', afterMs: 1000 }], [{ inode: '9', address: 'a:1', afterMs: 500 }]]);
    expect(destroyedIn({ destroyed: null, reloads }, reloads[0]!)).toBeNull();
  });
});
