import { describe, expect, it } from 'vitest';
import type { World } from '../../support/fake-evidence.ts';
import { fdInfo, worldOf } from '../../support/fake-process.ts';
import { type Look, look } from './support.ts';

/** Unix sockets 3, 4, ... with inodes 100, 101, ...; `inFlight` says what is in flight in each at each read. */
function worldWith(
  count: number,
  inFlight: (call: number, index: number) => number,
  inodeAt: (call: number, index: number) => number = (_, index) => 100 + index,
): World {
  const world = worldOf({
    pid: 42,
    fds: Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 3, `socket:[${index + 100}]`])),
  });
  for (let index = 0; index < count; index++) {
    world.files[`/proc/42/fdinfo/${index + 3}`] = (call) =>
      fdInfo({ ino: String(inodeAt(call, index)), rest: `scm_fds: ${inFlight(call, index)}\n` });
  }
  return world;
}

const waits = ({ evidence }: Look): string[] => evidence.asked.filter((question) => question.startsWith('sleep'));

describe('descriptors in flight', () => {
  it.each([
    ['none', 3, 0],
    ['few', 5, 3],
  ])('%s: no second look', async (_name, sockets, each) => {
    const found = await look(worldWith(sockets, () => each));
    expect(waits(found)).toEqual([]);
    expect(found.snapshot.secondLook).toBeUndefined();
  });

  it('many that are received: a short one', async () => {
    const found = await look(worldWith(4, (call) => (call === 1 ? 5 : 0)));
    expect(waits(found)).toEqual(['sleep 100']);
    expect(found.snapshot.secondLook).toMatchObject({ afterMs: 100, inFlight: new Map() });
  });

  it('many that stay: a long one, without reading the TCP tables again', async () => {
    const found = await look(worldWith(4, () => 5));
    expect(waits(found)).toEqual(['sleep 100', 'sleep 900']);
    expect(found.snapshot.secondLook?.inFlight).toEqual(
      new Map([
        ['100', 5],
        ['101', 5],
        ['102', 5],
        ['103', 5],
      ]),
    );
    expect(found.snapshot.secondLook?.afterMs).toBe(1000);
    expect(found.evidence.asked.filter((question) => question === 'read /proc/42/net/tcp')).toHaveLength(1);
  });

  it('counts what was there all the time: what came later may just be on its way', async () => {
    const found = await look(worldWith(2, (call, index) => (index === 0 ? 20 : call === 1 ? 2 : 50)));
    expect(found.snapshot.secondLook?.inFlight).toEqual(
      new Map([
        ['100', 20],
        ['101', 2],
      ]),
    );
  });

  it('does not take another socket at the same number for it', async () => {
    const found = await look(
      worldWith(
        1,
        () => 20,
        (call) => (call === 1 ? 100 : 555),
      ),
    );
    expect(found.snapshot.secondLook?.inFlight).toEqual(new Map());
  });

  it('is asked for a recording, however few', async () => {
    const found = await look(
      worldWith(1, () => 1),
      [42],
      { everything: true },
    );
    expect(waits(found)).toEqual(['sleep 100', 'sleep 900']);
    expect(found.snapshot.secondLook?.inFlight).toEqual(new Map([['100', 1]]));
  });
});
