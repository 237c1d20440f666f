/** Who gets the signal, from masks that change while they are looked at. */
import { describe, expect, it } from 'vitest';
import { CoverageLog } from '../../src/kernel/coverage.ts';
import { readDelivery } from '../../src/preflight/delivery.ts';
import type { Delivery } from '../../src/preflight/model.ts';
import { fakeEvidence, type Given } from '../support/fake-evidence.ts';
import { worldOf } from '../support/fake-process.ts';

const HUP = 1;
const masks = (blocked: number, caught = 0): string => `Name:\tapp\nState:\tS (sleeping)\nShdPnd:\t0000000000000000\nSigBlk:\t${blocked.toString(16).padStart(16, '0')}\nSigIgn:\t0000000000000000\nSigCgt:\t${caught.toString(16).padStart(16, '0')}\n`;

async function deliveryOf(status: string, thread: Given<string>, fds: Record<number, string> = {}): Promise<Delivery> {
  const world = worldOf({ pid: 42, fds: Object.fromEntries(Object.keys(fds).map((fd) => [fd, { link: 'anon_inode:[signalfd]' }])) });
  for (const [fd, mask] of Object.entries(fds)) world.files[`/proc/42/fdinfo/${fd}`] = `pos:\t0\nflags:\t02000002\nsigmask:\t${mask}\n`;
  world.files['/proc/42/status'] = status;
  world.lists['/proc/42/task'] = ['42'];
  world.files['/proc/42/task/42/status'] = thread;
  return (await readDelivery(fakeEvidence(world), 42, { number: HUP, signal: new AbortController().signal }, new CoverageLog()))!;
}

describe('a signalfd', () => {
  const FD = { 5: '0000000000000001' };

  it('reads what is blocked', async () => {
    expect((await deliveryOf(masks(1), masks(1), FD)).readBy).toEqual({ fd: 5 });
  });

  it('of a signal that is not blocked reads nothing: it is delivered first', async () => {
    expect(await deliveryOf(masks(0), masks(0), FD)).toMatchObject({ caught: false, blockedLooks: 0, looks: 1 });
    expect((await deliveryOf(masks(0), masks(0), FD)).readBy).toBeUndefined();
  });
});

describe('a signal that is let in for a moment', () => {
  it('is looked for longer than a piece of work takes', async () => {
    const { blockedLooks, looks } = await deliveryOf(masks(1, 1), (call) => masks(call === 40 ? 0 : 1, 1));
    expect({ blockedLooks, looks }).toEqual({ blockedLooks: 39, looks: 40 });
  });

  it('blocked for all of that time is blocked', async () => {
    const { blockedLooks, looks } = await deliveryOf(masks(1, 1), masks(1, 1));
    expect(looks).toBeGreaterThan(50);
    expect(blockedLooks).toBe(looks);
  });
});
