/** A tape remembers when its maker waited: what was asked again after a pause is not told before it. */
import { describe, expect, it } from 'vitest';
import { openTapeWriter, readTape, type TapeEvidence } from '../../src/evidence/index.ts';
import type { Answer, Evidence } from '../../src/evidence/types.ts';

const HEADER = { tool: '0.1.0', recordedAt: '2026-01-02T03:04:05Z', target: null };

/** A world that only has files: each content is what it is at that moment. */
function world(): { evidence: Evidence; set(path: string, content: string): void } {
  const files = new Map<string, string>();
  let clock = 0;
  const refuse = (): never => {
    throw new Error('not asked here');
  };
  const read = (path: string): Answer<string> => ({ value: files.get(path) ?? '', at: ++clock, source: path });
  const sleep = async (ms: number): Promise<void> => {
    clock += ms;
  };
  const evidence: Evidence = {
    origin: 'live', now: () => clock, sleep, read,
    readlink: refuse, list: refuse, size: refuse, readSlow: refuse, statSlow: refuse, sockDiag: refuse,
    sameDescription: refuse, isEpollTarget: refuse, probeSocket: refuse, close: () => false,
  };
  return { evidence, set: (path, content) => void files.set(path, content) };
}

/** `a` is read twice, then after each of two pauses; `b` only between the pauses. */
async function recorded(): Promise<TapeEvidence> {
  const { evidence, set } = world();
  const writer = openTapeWriter(evidence, HEADER);
  for (const content of ['1', '2']) {
    set('a', content);
    writer.evidence.read('a');
  }
  await writer.evidence.sleep(100);
  set('a', '3');
  set('b', '1');
  writer.evidence.read('a');
  writer.evidence.read('b');
  await writer.evidence.sleep(900);
  set('a', '4');
  writer.evidence.read('a');
  return readTape(writer.finish(), 'x.rctl');
}

describe('a tape with pauses', () => {
  it('gives what was seen before a pause however often it is asked', async () => {
    const tape = await recorded();
    expect([1, 2, 3, 4].map(() => tape.read('a').value)).toEqual(['1', '2', '2', '2']);
    await tape.sleep(5);
    expect([1, 2].map(() => tape.read('a').value)).toEqual(['3', '3']);
    await tape.sleep(5);
    expect([1, 2].map(() => tape.read('a').value)).toEqual(['4', '4']);
  });

  it('gives what was seen after a pause however little was asked before it', async () => {
    const tape = await recorded();
    await tape.sleep(5);
    expect(tape.read('a').value).toBe('3');
    await tape.sleep(5);
    expect(tape.read('a').value).toBe('4');
    const other = await recorded();
    await other.sleep(5);
    await other.sleep(5);
    expect(other.read('a').value).toBe('4');
  });

  it('tells the time of the pauses, not of the waiting', async () => {
    const tape = await recorded();
    expect(tape.now()).toBe(0);
    tape.read('a');
    const before = tape.now();
    await tape.sleep(1);
    expect(tape.now() - before).toBeGreaterThanOrEqual(100);
    await tape.sleep(1);
    expect(tape.now() - before).toBeGreaterThanOrEqual(1000);
    const last = tape.now();
    await tape.sleep(10_000);
    expect(tape.now()).toBe(last);
  });

  it('answers early what was asked late only, without moving its clock', async () => {
    const tape = await recorded();
    expect(tape.read('b').value).toBe('1');
    expect(tape.now()).toBe(0);
    await tape.sleep(1);
    expect(tape.read('b').value).toBe('1');
    expect(tape.now()).toBeGreaterThan(100);
  });
});
