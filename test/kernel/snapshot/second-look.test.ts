import { describe, expect, it } from 'vitest';
import type { World } from '../../support/fake-evidence.ts';
import { tcpRow, worldOf } from '../../support/fake-process.ts';
import { type Look, look } from './support.ts';

const ESTABLISHED = 1;
const CLOSE_WAIT = 8;
const LISTEN = 10;

/** A process with these sockets; `textAt` says what its table is at each read. The first look reads it once. */
function worldWith(count: number, textAt: (call: number) => string): World {
  const world = worldOf({
    pid: 42,
    fds: Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 3, `socket:[${index + 100}]`])),
  });
  world.files['/proc/42/net/tcp'] = textAt;
  return world;
}

type State = { state: number; receiveQueue?: number; sendQueue?: number };
const rowAt = (index: number, row: State): string => tcpRow({ inode: String(index + 100), local: 8080, remote: 50000 + index, ...row });
const rows = (count: number, row: State): string => `header\n${Array.from({ length: count }, (_, index) => rowAt(index, row)).join('')}`;
const waits = ({ evidence }: Look): string[] => evidence.asked.filter((question) => question.startsWith('sleep'));

describe('the second look', () => {
  it('is not taken at a quiet process', async () => {
    const found = await look(worldWith(50, () => rows(50, { state: ESTABLISHED })));
    expect(waits(found)).toEqual([]);
    expect(found.snapshot.secondLook).toBeUndefined();
  });

  it('is short when it clears a busy server', async () => {
    const found = await look(
      worldWith(50, (call) => rows(50, call === 1 ? { state: ESTABLISHED, receiveQueue: 200 } : { state: ESTABLISHED })),
    );
    expect(waits(found)).toEqual(['sleep 100']);
    expect(found.snapshot.secondLook?.byInode.size).toBe(50);
    expect(found.snapshot.secondLook?.afterMs).toBe(100);
  });

  it('is long when CLOSE_WAIT persists', async () => {
    const found = await look(worldWith(10, () => rows(10, { state: CLOSE_WAIT, receiveQueue: 1 })));
    expect(waits(found)).toEqual(['sleep 100', 'sleep 900']);
    expect(found.snapshot.secondLook).toMatchObject({ afterMs: 1000 });
    expect(found.snapshot.secondLook?.byInode.get('100')?.state).toBe('CLOSE_WAIT');
  });

  it('lacks what was cleared on the way', async () => {
    const stateAt = (call: number, index: number): number => (call > 1 && index < 5 ? ESTABLISHED : CLOSE_WAIT);
    const textAt = (call: number): string =>
      `header\n${Array.from({ length: 20 }, (_, index) => rowAt(index, { state: stateAt(call, index) })).join('')}`;
    const found = await look(worldWith(20, textAt));
    expect(found.snapshot.secondLook?.byInode.has('100')).toBe(false);
    expect(found.snapshot.secondLook?.byInode.size).toBe(15);
  });

  it.each<[string, number, string, number]>([
    ['four CLOSE_WAIT', 4, rows(4, { state: CLOSE_WAIT }), 0],
    ['five CLOSE_WAIT', 5, rows(5, { state: CLOSE_WAIT }), 2],
    ['CLOSE_WAIT that still sends', 50, rows(50, { state: CLOSE_WAIT, sendQueue: 9 }), 0],
    ['15 with unread data', 15, rows(15, { state: ESTABLISHED, receiveQueue: 1 }), 0],
    ['16 with unread data', 16, rows(16, { state: ESTABLISHED, receiveQueue: 1 }), 2],
    ['one with much unread data', 1, rows(1, { state: ESTABLISHED, receiveQueue: 300_000 }), 2],
    ['a listener that others wait at', 1, `header\n${tcpRow({ inode: '100', state: LISTEN, local: 80, receiveQueue: 1 })}`, 2],
    ['an idle listener', 1, `header\n${tcpRow({ inode: '100', state: LISTEN, local: 80 })}`, 0],
  ])('of %s', async (_name, count, text, expected) => {
    expect(waits(await look(worldWith(count, () => text)))).toHaveLength(expected);
  });

  it('is always taken in full for a tape', async () => {
    expect(
      waits(
        await look(
          worldWith(1, () => rows(1, { state: ESTABLISHED })),
          [42],
          { everything: true },
        ),
      ),
    ).toEqual(['sleep 100', 'sleep 900']);
  });

  it('is not finished after a signal', async () => {
    const controller = new AbortController();
    const world = worldWith(10, () => rows(10, { state: CLOSE_WAIT }));
    world.asked = (question): void => {
      if (question === 'sleep 100') controller.abort();
    };
    const found = await look(world, [42], { signal: controller.signal });
    expect(waits(found)).toEqual(['sleep 100']);
    expect(found.snapshot.secondLook).toBeUndefined();
  });
});
