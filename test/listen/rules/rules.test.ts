import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listenRules } from '../../../src/listen/rules/index.ts';
import type { ListenLook } from '../../../src/listen/model.ts';
import { type Finding, runRules } from '../../../src/report/index.ts';
import { address, listener, look, owner } from '../support.ts';

const judge = (seen: ListenLook): Finding[] => runRules(listenRules, [seen]);
const ids = (seen: ListenLook): string[] => judge(seen).map(({ id, severity, confidence }) => `${severity} ${confidence} ${id}`);

describe('listen/never-accepted', () => {
  const waits = (still: number, afterMs: number, more: Parameters<typeof listener>[1] = {}): ListenLook =>
    look([address([listener('1', { queue: 3, queueAgain: still, owners: [owner(42)], ...more })], { connections: { neverAccepted: ['a 1', 'a 2', 'a 3'] }, again: { afterMs, stillWaiting: still } })]);

  it('all of them still wait after 2 s', () => {
    expect(ids(waits(3, 2000))).toEqual(['warning likely listen/never-accepted']);
    expect(judge(waits(3, 2000))[0]!.title).toBe('3 connections to tcp 0.0.0.0:8080 wait for an accept() that does not come, from app (pid 42): the client is connected, and gets no answer');
  });

  it.each([['one was accepted', waits(2, 2000)], ['too early to say', waits(3, 200)], ['nobody waits', waits(0, 2000)]])('%s: silent', (_, seen) => {
    expect(ids(seen)).toEqual([]);
  });

  it('a full queue is another finding', () => {
    expect(ids(waits(3, 2000, { backlog: 2 }))).toEqual([]);
  });

  it('certain where all holders are stopped, and not where one goes on', () => {
    const [stopped, going] = [owner(42, undefined, { state: 'T' }), owner(43)];
    expect(ids(waits(3, 2000, { owners: [stopped] }))).toEqual(['warning certain listen/never-accepted']);
    expect(ids(waits(3, 2000, { owners: [stopped, going] }))).toEqual(['warning likely listen/never-accepted']);
  });

  it('one of several sockets is left alone', () => {
    const pair = [listener('1', { queue: 2, queueAgain: 2, owners: [owner(42)] }), listener('2', { queue: 1, queueAgain: 0, owners: [owner(42)] })];
    const of = (stillWaiting: number): ListenLook => look([address(pair, { connections: { neverAccepted: ['a 1', 'a 2', 'a 3'] }, again: { afterMs: 2000, stillWaiting } })]);
    expect(ids(of(2))).toEqual(['warning likely listen/never-accepted']);
    expect(ids(of(1))).toEqual([]);
  });
});

describe('listen/backlog-clipped', () => {
  const of = (queue: number, backlog: number, somaxconn: number): ListenLook =>
    look([address([listener('1', { queue, backlog, owners: [owner(42)] })])], { namespaces: [{ id: '4026531833', pid: 42, own: true, somaxconn, diag: true }] });

  it.each([
    [3000, 4096, 4096, ['warning likely listen/backlog-clipped']],
    [0, 4096, 4096, []],
    [2048, 4096, 4096, []],
    [100, 128, 4096, []],
    [0, 128, 128, ['info hint listen/backlog-clipped']],
    [0, 64, 128, []],
    [65, 128, 128, ['warning likely listen/backlog-clipped']],
  ])('queue %i of %i, somaxconn %i', (queue, backlog, somaxconn, found) => {
    expect(ids(of(queue, backlog, somaxconn))).toEqual(found);
  });

  it('says nothing where the backlog or somaxconn is not known', () => {
    expect(ids(look([address([listener('1', { queue: 100, owners: [] })])], { namespaces: [{ id: '4026531833', pid: 42, own: true, diag: true }] }))).toEqual([]);
  });

  it('counts what a watch saw', () => {
    expect(ids(look([address([listener('1', { queue: 0, backlog: 4096, queueHighest: 4000, owners: [owner(42)] })])]))).toEqual(['warning likely listen/backlog-clipped']);
  });
});

describe('listen/overflows', () => {
  const of = (grown: number, addresses: ListenLook['addresses']): ListenLook =>
    look(addresses, { watches: [{ netns: '4026531833', windowMs: 2000, grown: new Map([['ListenOverflows', grown], ['ListenDrops', grown]]) }] });
  const full = address([listener('1', { queue: 129, owners: [owner(42)] })]);
  const other = address([listener('2', { owners: [owner(43)] })], { port: 8081 });

  it('certain where one queue was full, likely where it is not known whose', () => {
    expect(ids(of(5, [full, other]))).toEqual(['warning certain listen/overflows']);
    expect(ids(of(5, [other, address([listener('3')], { port: 80 })]))).toEqual(['warning likely listen/overflows']);
    expect(ids(of(0, [full]))).toEqual([]);
  });

  it('names the listener that was full, and is no alarm about others of the namespace', () => {
    const elsewhere = (others: ListenLook['others']) => judge({ ...of(5, [other]), others })[0]!;
    expect(elsewhere([full])).toMatchObject({ severity: 'info', confidence: 'certain' });
    expect(elsewhere([full]).title).toBe('5 connects were turned away in 2 s in this network namespace, an accept queue was full: 0.0.0.0:8080 of app (pid 42)');
    const unknown = elsewhere([address([listener('4')], { port: 9 })]);
    expect(unknown).toMatchObject({ severity: 'info', confidence: 'likely', subject: { kind: 'network namespace' } });
    expect(unknown.title).toMatch(/full, and none of the listeners that were asked about$/);
    // Of another namespace: nothing to do with it.
    expect(elsewhere([{ ...full, netns: '7' }])).toMatchObject({ severity: 'warning', confidence: 'likely' });
  });

  it('names the counters that grew', () => {
    expect(judge(of(5, [full]))[0]!.evidence.map(({ name, value }) => [name, value])).toEqual([['ListenOverflows', 5], ['ListenDrops', 5]]);
  });
});

describe('listen/held-twice', () => {
  const two = (a: ReturnType<typeof owner>, b: ReturnType<typeof owner>, ages: number[], again: Partial<Parameters<typeof listener>[1]> = {}): ListenLook =>
    look([address([listener('1', { owners: [a], ...again }), listener('2', { owners: [b] })])], { ages });

  it('two runs far apart: a note; together: silent', () => {
    expect(ids(two(owner(42, 0), owner(50, 1), [90_000, 100]))).toEqual(['info hint listen/held-twice']);
    expect(ids(two(owner(42, 0), owner(50, 1), [90_000, 89_900]))).toEqual([]);
  });

  it('workers of one run are silent, and so is one socket that two runs hold', () => {
    expect(ids(two(owner(42, 0), owner(50, 0), [90_000]))).toEqual([]);
    expect(ids(look([address([listener('1', { owners: [owner(42, 0), owner(50, 1)] })])], { ages: [90_000, 100] }))).toEqual([]);
    // As tableflip holds its listener: twice, by the new one too.
    const handed = [listener('1', { owners: [owner(42, 0), owner(50, 1), { ...owner(50, 1), fd: 9 }] })];
    expect(ids(look([address(handed)], { ages: [90_000, 100] }))).toEqual([]);
  });

  it('two programs, and a run that leaves connections waiting: warning', () => {
    expect(ids(two(owner(42, 0), owner(50, 1, { comm: 'other', exe: '/usr/bin/other' }), [900, 800]))).toEqual(['warning likely listen/held-twice']);
    const stuck = two(owner(42, 0), owner(50, 1), [900, 800], { queue: 4, queueAgain: 4 });
    expect(ids(stuck)).toEqual(['warning likely listen/held-twice']);
    expect(judge(stuck)[0]!.title).toContain('app (pid 42) since 9 s leaves 4 connections waiting');
  });

  it.each([
    ['of all addresses beside one of its own', '127.0.0.1', 'tcp', '0.0.0.0', 'tcp', ['info certain listen/held-twice']],
    ['for IPv6 that may take IPv4, too', '127.0.0.1', 'tcp', '::', 'tcp6', ['info likely listen/held-twice']],
    ['of two addresses', '127.0.0.1', 'tcp', '127.0.0.2', 'tcp', []],
    ['for either protocol', '0.0.0.0', 'tcp', '::', 'tcp6', []],
  ] as const)('two runs on one port, %s', (_name, narrow, protocol, wide, other, expected) => {
    const at = (run: number): ListenLook => look([
      address([listener('1', { owners: [owner(42, 0)] })], { address: wide, protocol: other }),
      address([listener('2', { owners: [owner(50, run)] })], { address: narrow, protocol }),
    ], { ages: [90_000, 100] });
    expect(ids(at(1))).toEqual(expected);
    expect(ids(at(0))).toEqual([]);
  });

  it('a unix socket whose path was bound anew by another process is told from', () => {
    const unix = (inode: string, pid: number) => address([listener(inode, { owners: [owner(pid, 0)] })], { protocol: 'unix', address: '', port: 0, path: '/run/a.sock' });
    const [old, now] = [unix('99', 42), unix('100', 50)];
    const [finding] = judge(look([old], { ages: [100], twins: [[old, now]] }));
    expect(finding).toMatchObject({ id: 'listen/held-twice', severity: 'info', title: expect.stringContaining('no connect reaches the older one, of app (pid 42)'), subject: { pid: 42 } });
    expect(judge(look([old], { ages: [100], twins: [[old, unix('100', 42)]] }))).toEqual([]);
  });

  it('says nothing of holders whose run is not known', () => {
    expect(ids(two(owner(42), owner(50), []))).toEqual([]);
  });
});

it('no look makes a rule throw, nor a hint critical', () => {
  const number = fc.option(fc.nat(5000), { nil: undefined });
  const listeners = fc.array(fc.record({ inode: fc.nat().map(String), queue: number, backlog: number, queueAgain: number, pids: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }) }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(listeners, fc.nat(4), fc.nat(4), (made, waited, still) => {
    const built = made.map(({ inode, queue, backlog, queueAgain, pids }) =>
      listener(inode, { owners: pids.map((pid) => owner(pid, pid % 2)), ...(queue !== undefined && { queue }), ...(backlog !== undefined && { backlog }), ...(queueAgain !== undefined && { queueAgain }) }));
    const seen = look([address(built, { connections: { neverAccepted: Array.from({ length: waited }, (_, n) => `a ${n}`) }, again: { afterMs: 2000, stillWaiting: Math.min(waited, still) } })], { ages: [90_000, 10] });
    for (const { severity, title, fingerprint } of judge({ ...seen, generations: seen.generations.map((each) => ({ ...each, processes: each.processes.length > 0 ? each.processes : [owner(9).process] })) })) {
      expect(severity).not.toBe('critical');
      expect(title).not.toMatch(/undefined|NaN/);
      expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    }
  }));
});
