/** Events on a made-up process: the trigger changes its table, and what is then measured is known. */
import { describe, expect, it } from 'vitest';
import { Family } from '../../../src/fds/events/family.ts';
import { type Measured, measure } from '../../../src/fds/events/measure.ts';
import { residueOf } from '../../../src/fds/events/residue.ts';
import { residue } from '../../../src/fds/rules/residue.ts';
import { lookFromSamples } from '../../../src/kernel/snapshot/from-samples.ts';
import { UserError } from '../../../src/kernel/user-error.ts';
import { type Finding, runRules } from '../../../src/report/index.ts';
import type { Observation } from '../../../src/series/index.ts';
import { fakeEvidence, type World } from '../../support/fake-evidence.ts';
import { type FakeProcess, statLine, worldOf } from '../../support/fake-process.ts';

type Table = Record<number, string>;

/** One service whose processes can be changed while it is looked at. */
class Service {
  readonly world: ReturnType<typeof worldOf> & World;
  readonly family: Family;
  readonly evidence;
  /** Called at each pause, with the ms that have passed. */
  onPause: (now: number) => void = () => undefined;

  constructor(spec: string, ...processes: FakeProcess[]) {
    this.world = worldOf(...processes);
    this.world.asked = (question) => {
      if (question.startsWith('sleep')) this.onPause(this.evidence.now());
    };
    this.evidence = fakeEvidence(this.world);
    this.family = new Family(this.evidence, spec, false);
  }

  /** The processes there are from now on. */
  become(...processes: FakeProcess[]): void {
    for (const map of ['files', 'links', 'lists', 'sizes', 'stats'] as const) {
      for (const key of Object.keys(this.world[map])) delete this.world[map][key];
      Object.assign(this.world[map], worldOf(...processes)[map]);
    }
  }

  /** Makes `times` events by `change`, each time told its number, and measures what they left. */
  async measure(times: number, change: (event: number) => void, settleMs = 2000): Promise<{ measured: Measured; findings: Finding[]; left: number[][]; groups: string[] }> {
    let event = 0;
    const trigger = {
      next: async () => {
        change(++event);
        return { ok: true, exitCode: 0, durationMs: 1 };
      },
      close: () => undefined,
    };
    const context = { evidence: this.evidence, signal: new AbortController().signal, say: () => undefined, progress: () => undefined };
    const measured = await measure(this.family, trigger, { command: 'x', times, settleMs, timeoutMs: 1 }, context as never);
    const { snapshot } = lookFromSamples(this.family.last, 'app', []);
    const found = residueOf(measured, snapshot, 'reload');
    const groups = (found?.groups ?? []).filter(({ leftPerEvent }) => leftPerEvent.some((left) => left > 0));
    return {
      measured,
      findings: runRules<Observation>([residue], found ? [found.event] : []),
      left: groups.map(({ leftPerEvent }) => leftPerEvent),
      groups: groups.map(({ kind, key }) => `${kind} ${key}`),
    };
  }
}

const base: Table = { 0: '/dev/null', 3: 'socket:[100]', 4: '/var/log/app.log' };

function files(count: number, from = 0): Table {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [10 + from + index, `/tmp/part-${from + index}.tmp`]));
}

describe('events on one process', () => {
  it('that each leave two files are told, with certainty', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const { left, findings, measured, groups } = await service.measure(5, (event) => service.become({ pid: 42, fds: { ...base, ...files(2 * event) } }));
    expect(groups).toEqual(['file /tmp/part-*.tmp']);
    expect(left).toEqual([[2, 2, 2, 2, 2]]);
    expect(findings.map(({ severity, confidence, title }) => ({ severity, confidence, title }))).toEqual([
      { severity: 'warning', confidence: 'certain', title: 'each of 5 reloads leaves 2 files behind: +10 in all; 505 more reloads until the limit of 1,024' },
    ]);
    expect(measured.events.every(({ settled, measured: has }) => settled && has)).toBe(true);
  });

  it('that leave nothing are nothing', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const { left, findings } = await service.measure(4, (event) => service.become({ pid: 42, fds: { ...base, 3: `socket:[${100 + event}]` } }));
    expect([left, findings]).toEqual([[], []]);
  });

  it('that leave something under another name each time are one group', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const names = ['alpha', 'bravo/two', 'charlie/x/y', 'delta'];
    const extra: Table = {};
    const { left, groups, findings } = await service.measure(4, (event) => {
      extra[20 + event] = `/srv/${names[event - 1]!}/${event}/f${'x'.repeat(event)}`;
      service.become({ pid: 42, fds: { ...base, ...extra } });
    });
    expect(left).toEqual([[1, 1, 1, 1]]);
    expect(groups[0]).toMatch(/^file /);
    expect(findings).toMatchObject([{ severity: 'warning', confidence: 'certain' }]);
  });

  it('that are slow to begin are waited for', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const due: { at: number; event: number }[] = [];
    service.onPause = (now) => {
      for (const { at, event } of due) if (now >= at) service.become({ pid: 42, fds: { ...base, ...files(event) } });
    };
    const { left } = await service.measure(4, (event) => void due.push({ at: service.evidence.now() + 350, event }));
    expect(left).toEqual([[1, 1, 1, 1]]);
  });

  it.each([
    ['runs, or waits for a processor', { state: 'R' }],
    ['has a signal that it has not taken', { pending: 1n }],
  ])('of a process that %s are waited for longer, and not for ever', async (_, busy) => {
    const service = new Service('42', { pid: 42, fds: base });
    const become = (count: number, isBusy: boolean): void => {
      service.become({ pid: 42, fds: { ...base, ...files(count) } });
      const { files: all } = service.world;
      service.world.lists!['/proc/42/task'] = ['42'];
      if (isBusy && 'state' in busy) all!['/proc/42/task/42/stat'] = statLine({ pid: 42, state: busy.state });
      if (isBusy && 'pending' in busy) all!['/proc/42/status'] += `ShdPnd:\t0000000000000001\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n`;
    };
    let due = { at: 0, event: 0 };
    service.onPause = (now) => void (now >= due.at && become(due.event, false));
    const late = await service.measure(4, (event) => {
      become(event - 1, true);
      due = { at: service.evidence.now() + 1200, event };
    }, 5000);
    expect(late.left).toEqual([[1, 1, 1, 1]]);
    service.onPause = () => undefined;
    const begun = service.evidence.now();
    const { measured } = await service.measure(2, () => become(4, true), 60_000);
    expect([measured.events.map(({ settled }) => settled), service.evidence.now() - begun < 12_000]).toEqual([[true, true], true]);
  });

  it('that wait for a signal which it blocks are not waited for', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const begun = service.evidence.now();
    await service.measure(2, () => void (service.world.files!['/proc/42/status'] += 'ShdPnd:\t0000000000000001\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000000000\n'), 60_000);
    expect(service.evidence.now() - begun).toBeLessThan(4000);
  });

  it('on a table that never rests are judged with care', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    let connections = 0;
    let leaked = 0;
    const now = (): void => {
      connections++;
      const churn = Object.fromEntries(Array.from({ length: 5 + connections }, (_, index) => [100 + index, `socket:[${5000 + connections * 100 + index}]`]));
      service.become({ pid: 42, fds: { ...base, ...files(leaked), ...churn } });
    };
    service.onPause = now;
    const { findings, measured } = await service.measure(4, (event) => {
      leaked = event;
      now();
    });
    expect(measured.events.map(({ settled }) => settled)).toEqual([false, false, false, false]);
    expect(findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title)).toEqual([expect.stringMatching(/^each of 4 reloads leaves 1 file behind: \+4 in all/)]);
    expect(findings.filter(({ severity }) => severity === 'info').map(({ confidence }) => confidence)).toEqual(['hint']);
  });

  it('end with the process', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const { measured, left } = await service.measure(9, (event) => (event < 4 ? service.become({ pid: 42, fds: { ...base, ...files(event) } }) : service.become()));
    expect(measured).toMatchObject({ gone: true, generations: [{ event: 4, gone: [42], come: [] }] });
    expect(measured.events.map(({ measured: has }) => has)).toEqual([true, true, true, false]);
    expect(left).toEqual([[1, 1, 1]]);
  });

  it('end when its pid is another process', async () => {
    const service = new Service('42', { pid: 42, fds: base });
    const { measured } = await service.measure(9, () => service.become({ pid: 42, startTime: '77', fds: { ...base, ...files(500) } }));
    expect(measured.gone).toBe(true);
    expect(service.family.ended).toEqual([{ pid: 42, how: 'reused' }]);
    expect(service.family.last[0]?.fds).toEqual([]);
  });
});

describe('events that replace the process', () => {
  it('go on with the successor, who has what it was handed', async () => {
    const service = new Service('app', { pid: 42, fds: base });
    const { measured, left, findings } = await service.measure(3, (event) => service.become({ pid: 42 + event, fds: { ...base, ...files(event) } }));
    expect(measured.generations).toEqual([1, 2, 3].map((event) => ({ event, gone: [41 + event], come: [42 + event] })));
    expect(left).toEqual([[1, 1, 1]]);
    expect(findings).toMatchObject([{ confidence: 'certain', subject: { pid: 45 } }]);
  });

  it('wait for a successor that comes late', async () => {
    const service = new Service('app', { pid: 42, fds: base });
    let comes = Infinity;
    service.onPause = (now) => {
      if (now >= comes) service.become({ pid: 50, fds: base });
    };
    const { measured, findings } = await service.measure(1, () => {
      service.become();
      comes = service.evidence.now() + 900;
    });
    expect(measured).toMatchObject({ gone: false, generations: [{ event: 1, gone: [42], come: [50] }] });
    expect(findings).toEqual([]);
  });

  it('that never bring one end', async () => {
    const service = new Service('app', { pid: 42, fds: base });
    const { measured } = await service.measure(3, () => service.become());
    expect(measured.gone).toBe(true);
    expect(service.family.last.map(({ process }) => process.pid)).toEqual([42]);
  });

  it('are told of an old generation that stays', async () => {
    const process = (pid: number): FakeProcess => ({ pid, ppid: 7, comm: 'app', fds: { 5: `socket:[${pid}]` } });
    const master: FakeProcess = { pid: 7, comm: 'app', fds: base };
    const service = new Service('app', master, process(100));
    const { left } = await service.measure(3, (event) => service.become(master, ...Array.from({ length: event + 1 }, (_, index) => process(100 + index))));
    expect(left).toEqual([[1, 1, 1]]);
  });
});

it('nobody there is an error of its own', () => {
  expect(() => new Service('app')).toThrow(UserError);
  expect(() => new Service('42', { pid: 42, state: 'Z' })).toThrow(/no such process: 42/);
});
