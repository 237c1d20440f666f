/** A watch of made-up processes, from the first sample to the report. */
import { describe, expect, it, vi } from 'vitest';
import { refused } from '../../support/fake-evidence.ts';
import { tcpRow } from '../../support/fake-process.ts';
import { base, files, growthIn, Subject } from './subject.ts';

const growing = (perSecond: number) => (subject: Subject) => {
  subject.onTime = (now) => subject.become({ pid: 42, fds: { ...base, ...files((now / 1000) * perSecond) } });
};

describe('a watch', () => {
  it('finds a leak, with its rate and the time that is left', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    growing(2)(subject);
    const seen = await subject.watch();
    expect(growthIn(seen)).toEqual(['critical likely file /tmp/part-*.tmp']);
    expect(seen.findings.find(({ id }) => id === 'fd/growth')?.title).toEqual(
      expect.stringMatching(/^file \/tmp\/part-\*\.tmp of app \(pid 42\) grows by 120 a minute: 40 descriptors more in 20 s, and kept; the limit of 1,024 is reached in [\d.]+ min/),
    );
    expect(seen.data.watch).toMatchObject({ windowMs: 20_000, intervalMs: 500, samples: 41, births: 40, deaths: 0, gone: [], come: [], limitChanges: [] });
    expect(seen.coverage.find(({ source }) => source === 'growth over time')).toMatchObject({ status: 'ok' });
  });

  it('of a table that turns over completely between samples finds nothing', async () => {
    const subject = new Subject({ pid: 42, fds: files(50) });
    let generation = 0;
    subject.onTime = () => {
      generation++;
      subject.become({ pid: 42, fds: files(50, 10 + 100 * generation) });
    };
    const seen = await subject.watch();
    expect(growthIn(seen)).toEqual([]);
    expect(seen.data.watch).toMatchObject({ births: 40 * 50, deaths: 40 * 50 });
  });

  it('too short to judge clears nobody', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    const { coverage, findings } = await subject.watch(2000, 100);
    expect(findings).toEqual([]);
    expect(coverage.find(({ source }) => source === 'growth over time')).toMatchObject({ status: 'partial', needed: true, detail: 'the window is too short to judge: 21 samples in 2 s' });
  });

  it('knows only the monotonic clock', async () => {
    const wall = vi.spyOn(Date, 'now').mockImplementation(() => Math.random() * 2e12);
    const subject = new Subject({ pid: 42, fds: base });
    growing(1)(subject);
    const seen = await subject.watch();
    expect(seen.data.watch.windowMs).toBe(20_000);
    expect(growthIn(seen)).toEqual(['critical likely file /tmp/part-*.tmp']);
    wall.mockRestore();
  });

  it('dates a sample by its listing: what is read afterwards takes its time', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    growing(2)(subject);
    let isFirst = true;
    subject.world.asked = (question) => {
      if (!isFirst || !question.startsWith('readlink /proc/42/fd/')) return;
      isFirst = false;
      // A machine that is so busy that the first sample takes 5 s.
      void subject.evidence.sleep(5000);
    };
    const seen = await subject.watch();
    const [trend] = seen.data.watch.trends;
    expect(trend!.growthPerMinute).toBeGreaterThan(110);
    expect(trend!.growthPerMinute).toBeLessThan(130);
  });
});

describe('the target', () => {
  it('ends: what was seen until then', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.onTime = (now) => (now < 12_000 ? subject.become({ pid: 42, fds: { ...base, ...files(now / 500) } }) : subject.become());
    const seen = await subject.watch();
    expect(growthIn(seen)).toEqual(['critical likely file /tmp/part-*.tmp']);
    expect(seen.coverage.find(({ source }) => source === 'processes')).toMatchObject({ status: 'absent', needed: true, detail: 'process 42 ended while it was watched' });
    expect(seen.data.open).toBe(26);
  });

  it('ends, and its pid is used again: the other one is not taken for it', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.onTime = (now) =>
      now < 12_000 ? subject.become({ pid: 42, fds: base }) : subject.become({ pid: 42, startTime: '777777', fds: { ...base, ...files(500) } });
    const seen = await subject.watch();
    expect(growthIn(seen)).toEqual([]);
    expect(seen.data.watch.births).toBe(0);
    expect(seen.data.open).toBe(Object.keys(base).length);
    expect(seen.coverage.find(({ source }) => source === 'processes')?.detail).toBe('pid 42 was used again while it was watched: it is another process now');
  });

  it('gets another limit: said, and the forecast is about the new one', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.onTime = (now) => subject.become({ pid: 42, soft: now < 8000 ? '1024' : '4096', fds: { ...base, ...files(now / 500) } });
    const seen = await subject.watch();
    expect(seen.data.watch.limitChanges).toEqual([{ pid: 42, from: { soft: 1024, hard: 4096 }, to: { soft: 4096, hard: 4096 } }]);
    expect(seen.findings.find(({ id }) => id === 'fd/growth')?.title).toContain('the limit of 4,096');
  });

  it('may not be looked at', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.world.lists['/proc/42/fd'] = refused('EACCES') as never;
    const { coverage, findings } = await subject.watch();
    expect(findings).toEqual([]);
    expect(coverage.find(({ source }) => source === 'growth over time')).toMatchObject({ status: 'denied', needed: true });
  });
});

describe('we ourselves', () => {
  it('run out of descriptors for some samples: they are left out, and told', async () => {
    const subject = new Subject({ pid: 42, fds: { ...base, ...files(30) } });
    subject.onTime = (now) => {
      if (now > 5000 && now < 8000) subject.world.lists['/proc/42/fd'] = refused('EMFILE') as never;
      else subject.become({ pid: 42, fds: { ...base, ...files(30) } });
    };
    const seen = await subject.watch();
    // Nothing was closed only because we could not look.
    expect(seen.data.watch).toMatchObject({ samples: 36, births: 0, deaths: 0 });
    expect(seen.coverage.find(({ source }) => source === 'sampling')).toMatchObject({ status: 'partial', seen: 36, total: 41, needed: true });
  });

  it('are stopped: what there is, without the look at the end', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.onTime = (now) => {
      subject.become({ pid: 42, fds: { ...base, ...files(now / 500) } });
      if (now >= 12_000) subject.abort.abort();
    };
    const seen = await subject.watch(60_000);
    expect(growthIn(seen)).toEqual(['critical likely file /tmp/part-*.tmp']);
    expect(seen.data.watch.windowMs).toBeLessThan(13_000);
    expect(seen.coverage.find(({ source }) => source === 'fd table')?.detail).toBe('stopped by a signal: the last sample is shown');
  });
});

describe('what cannot be told apart', () => {
  const same = (count: number): Record<number, string> => Object.fromEntries(Array.from({ length: Math.floor(count) }, (_, index) => [10 + index, '/etc/app.conf']));

  it('is a hint when it only gains', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.onTime = (now) => subject.become({ pid: 42, fds: { ...base, ...same(now / 500) } });
    expect(growthIn(await subject.watch())).toEqual(['warning hint file /etc/app.conf']);
  });

  it('is no more than worth a look when the kernel says that some were opened again at their number', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.world.orders = {};
    subject.onTime = (now) => {
      subject.become({ pid: 42, fds: { ...base, ...same(now / 500) } });
      for (let fd = 11; fd < 60; fd++) subject.world.orders![`42:10:42:${fd}`] = fd === 13 && now > 14_000 ? 1 : -1;
    };
    const seen = await subject.watch();
    expect(growthIn(seen)).toEqual([]);
    expect(seen.findings.find(({ id }) => id === 'fd/growth')).toMatchObject({ severity: 'info' });
  });

  it('and the kernel says that none was: still a hint', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.world.orders = {};
    for (let fd = 11; fd < 60; fd++) subject.world.orders[`42:10:42:${fd}`] = fd % 2 ? 1 : -1;
    subject.onTime = (now) => subject.become({ pid: 42, fds: { ...base, ...same(now / 500) } });
    expect(growthIn(await subject.watch())).toEqual(['warning hint file /etc/app.conf']);
  });
});

describe('sockets', () => {
  const sockets = (count: number): Record<number, string> => Object.fromEntries(Array.from({ length: Math.floor(count) }, (_, index) => [10 + index, `socket:[${5000 + index}]`]));
  const rows = (count: number, state: number): string => `header\n${Array.from({ length: count }, (_, index) => tcpRow({ inode: String(5000 + index), state, local: 8080, remote: 40_000 + index })).join('')}`;

  it('that are hung up and kept are a growing CLOSE_WAIT', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    subject.onTime = (now) => {
      subject.become({ pid: 42, fds: { ...base, ...sockets(now / 500) } });
      subject.world.files['/proc/42/net/tcp'] = rows(Math.floor(now / 500), 8);
    };
    const seen = await subject.watch();
    expect(growthIn(seen)).toEqual([expect.stringMatching(/^critical likely socket tcp CLOSE_WAIT /)]);
    expect(seen.findings.map(({ id }) => id)).toContain('socket/close-wait');
  });

  it('closed while the sample was taken are not looked for in every table of the host', async () => {
    const subject = new Subject({ pid: 42, fds: base });
    let serial = 0;
    subject.onTime = () => {
      serial++;
      subject.become({ pid: 42, fds: { ...base, 20: `socket:[${7000 + serial}]` } });
      const link = `socket:[${7000 + serial}]`;
      let asked = 0;
      subject.world.links['/proc/42/fd/20'] = () => (asked++ === 0 ? link : refused('ENOENT'));
    };
    const before = subject.evidence.asked;
    const watched = await subject.watch(10_000);
    const look = before.lastIndexOf('sleep 500');
    expect(before.slice(0, look).filter((question) => /\/net\/(udp|raw|netlink|packet)/.test(question))).toEqual([]);
    expect(watched.data.watch.births).toBe(0);
  });
});
