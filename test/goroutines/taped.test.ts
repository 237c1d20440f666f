/** What a tape keeps of goroutines says the same, with its names and without; and a tape can hold anything. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor } from '../../src/evidence/redact.ts';
import { eventOf as eventOfTaken } from '../../src/goroutines/event.ts';
import { goroutineRules } from '../../src/goroutines/rules/index.ts';
import type { Taken } from '../../src/goroutines/source/types.ts';
import { fromTape, toTape } from '../../src/goroutines/taped.ts';
import type { Dump } from '../../src/kernel/goroutines.ts';
import { runRules } from '../../src/report/index.ts';
import { bytesOf, dumpFiles, parse } from './support/dumps.ts';

const takenOf = (dump: Dump): Taken => ({ dump, source: '/proc/42/mem', again: '42', label: 'api (pid 42)', pid: 42, target: { spec: '42', label: 'api (pid 42)', pids: [42] }, coverage: [{ source: '/proc/42/mem', status: 'ok', seen: dump.total, needed: true }] });

const judged = (taken: Taken): string[] => runRules(goroutineRules, [eventOfTaken(taken, undefined)]).map(({ id, severity, confidence, evidence }) => `${id} ${severity} ${confidence} ${evidence.length}`);

/** As a file has it. */
const kept = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe.each(['err', 'ok'] as const)('%s: each recorded dump', (folder) => {
  it.each(dumpFiles(folder).filter((name) => !name.startsWith('gc')))('%s is judged the same from a tape, with and without names', async (name) => {
    const taken = takenOf(await parse(bytesOf(folder, name)));
    const value = toTape({ taken, coverage: [] });
    const named = fromTape(kept(value), '42')!;
    const nameless = fromTape(kept(openRedactor().value('goroutines', '42', value)), '42')!;
    const { rows: _rows, ...rest } = taken.dump;
    expect({ ...named.taken.dump, groups: named.taken.dump.groups.map(({ count, state, frames }) => ({ count, state, frames })) }).toEqual({ ...rest, groups: rest.groups.map(({ count, state, frames }) => ({ count, state, frames })) });
    expect([judged(named.taken), judged(nameless.taken)]).toEqual([judged(taken), judged(taken)]);
    expect(nameless.taken.coverage).toEqual(taken.coverage);
  });
});

it('paths of own code, labels, addresses and messages are no longer there; functions and published modules are', async () => {
  const dump = await parse(bytesOf('err', 'goroutine-leak.txt'));
  const [group] = dump.groups;
  group!.labels = { tenant: 'hunterseven' };
  group!.frames[0] = { func: 'main.work', file: '/home/hunterseven/api/work.go', line: 7 };
  const taken: Taken = { ...takenOf({ ...dump, reason: 'panic: hunterseven', notes: ['hunterseven'] }), label: 'hunterseven (pid 42)' };
  const connection = { id: '7', fd: 9, group: 0, local: '10.1.2.3:8080', peer: '192.0.2.77:443', state: 'ESTABLISHED' };
  const value = toTape({ taken: { ...taken, memory: { read: 1, torn: 0, stopMs: 0, reads: 1, bytes: 1, list: 'symbol', channels: [], conds: [], connections: [connection] } }, coverage: [{ source: 'x', status: 'partial', detail: 'hunterseven', needed: false }] });
  const text = JSON.stringify(openRedactor().value('goroutines', '42', value));
  expect(text).not.toMatch(/hunterseven|192\.0\.2\.77/);
  expect(text).toContain('main.work');
  const seen = fromTape(JSON.parse(text), '42')!.taken.memory!.connections![0]!;
  expect(seen).toMatchObject({ id: '7', fd: 9, state: 'ESTABLISHED', peer: expect.stringMatching(/:443$/), local: expect.stringMatching(/:8080$/) });
});

it('a tape that says anything else is understood as far as it goes, and never breaks a rule', async () => {
  const whole = kept(toTape({ taken: takenOf(await parse(bytesOf('err', 'goroutine-lock-cycle.txt'))), coverage: [] })) as Record<string, unknown>;
  const damaged = (value: unknown, junk: unknown, path: number[]): unknown => {
    const [first, ...rest] = path;
    if (first === undefined || typeof value !== 'object' || value === null) return junk;
    const entries = Object.entries(value);
    const [name] = entries[first % Math.max(1, entries.length)] ?? [];
    if (name === undefined) return junk;
    const changed = damaged((value as Record<string, unknown>)[name], junk, rest);
    return Array.isArray(value) ? value.map((one, index) => (String(index) === name ? changed : one)) : { ...value, [name]: changed };
  };
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }), (junk, path) => {
      const look = fromTape(damaged(whole, junk, path), '42');
      if (look) expect(Array.isArray(judged(look.taken))).toBe(true);
    }),
    { numRuns: 400 },
  );
});
