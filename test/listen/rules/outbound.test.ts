/** The verdict on what goes out, one look at a time. */
import { describe, expect, it } from 'vitest';
import type { HostLimit, OutboundLook, PortUse } from '../../../src/listen/outbound/model.ts';
import { listenRules } from '../../../src/listen/rules/index.ts';
import { outboundBlocks } from '../../../src/listen/outbound/view.ts';
import { runRules } from '../../../src/report/index.ts';
import { report, text } from '../../render/support.ts';
import { owner } from '../support.ts';

const POOL = { netns: '1', pid: 42, first: 32_768, last: 60_999, reserved: 0, bound: 3, size: 1000 };
const USE: PortUse = { netns: '1', source: '10.0.0.1', destination: '10.0.0.9', port: 5432, used: 500, timeWait: 0, reusable: 0, size: 1000, holders: [{ process: owner(7, undefined, { comm: 'api' }).process, sockets: 12 }], asked: 12 };

function look(use: Partial<PortUse> = {}, limits: HostLimit[] = []): OutboundLook {
  return { type: 'outbound', label: 'this host', pools: [POOL], uses: [{ ...USE, ...use }], limits };
}

const judge = (seen: OutboundLook): [string, string, string, string][] => runRules(listenRules, [seen]).map(({ id, severity, confidence, title }) => [id, severity, confidence, title]);

describe('socket/ephemeral-ports', () => {
  it.each<[string, Partial<PortUse>, string[]]>([
    ['half of them', {}, []],
    ['79 %', { used: 799 }, []],
    ['80 %', { used: 800 }, ['warning', 'likely']],
    ['all', { used: 1000 }, ['critical', 'certain']],
    ['all, but most may be taken over', { used: 1000, timeWait: 900, reusable: 900 }, []],
    ['all in TIME_WAIT, none may be taken over', { used: 1000, timeWait: 1000 }, ['critical', 'certain']],
  ])('%s', (_name, use, expected) => {
    expect(judge(look(use)).flatMap(([, severity, confidence]) => [severity, confidence])).toEqual(expected);
  });

  it('says from where to where, what fails, and who', () => {
    expect(judge(look({ used: 1000 }))[0]![3]).toBe('no local port is left from 10.0.0.1 to 10.0.0.9:5432: the next connect() fails with EADDRNOTAVAIL: api (pid 7)');
    expect(judge(look({ used: 900 }))[0]![3]).toBe('90% of the local ports from 10.0.0.1 to 10.0.0.9:5432 are taken, 100 more connects will succeed: api (pid 7)');
  });
});

describe('limits', () => {
  it.each<[string, HostLimit, string[]]>([
    ['open files, few', { kind: 'open files', used: 5, limit: 100, source: '/proc/sys/fs/file-nr' }, []],
    ['open files, no limit', { kind: 'open files', used: 5, limit: null, source: '/proc/sys/fs/file-nr' }, []],
    ['open files, most', { kind: 'open files', used: 80, limit: 100, source: '/proc/sys/fs/file-nr' }, ['host/file-max', 'warning', 'likely']],
    ['open files, all', { kind: 'open files', used: 100, limit: 100, source: '/proc/sys/fs/file-nr' }, ['host/file-max', 'critical', 'certain']],
    ['tasks of a cgroup, all', { kind: 'tasks', of: '/sys/fs/cgroup/a', used: 20, limit: 20, source: '/sys/fs/cgroup/a/pids.max', refused: 3 }, ['host/pids', 'critical', 'certain']],
    ['tasks of the host, most', { kind: 'tasks', used: 900, limit: 1000, source: '/proc/sys/kernel/pid_max' }, ['host/pids', 'warning', 'likely']],
    ['conntrack, all', { kind: 'conntrack', used: 100, limit: 100, source: '/proc/sys/net/netfilter/nf_conntrack_count' }, ['host/conntrack', 'critical', 'certain']],
    ['orphans: a row, no finding', { kind: 'orphans', used: 100, limit: 100, source: '/proc/2/net/sockstat' }, []],
  ])('%s', (_name, limit, expected) => {
    expect(judge(look({}, [limit])).map(([id, severity, confidence]) => [id, severity, confidence])).toEqual(expected.length > 0 ? [expected] : []);
  });
});

describe('the text', () => {
  it('is a table of destinations, then of limits', async () => {
    const seen = look({ used: 900, timeWait: 20, reusable: 20 }, [{ kind: 'open files', used: 90, limit: 100, source: '/proc/sys/fs/file-nr' }, { kind: 'tasks', of: '/sys/fs/cgroup/a', used: 1, limit: 20, source: '/sys/fs/cgroup/a/pids.max' }]);
    const shown = await text(report(), [...outboundBlocks(seen, false)]);
    expect(shown.slice(shown.indexOf('this host'), shown.indexOf('/sys/fs/cgroup/a') + 16)).toBe(`this host: connect() has 1,000 ports to each destination (32768 to 60999, less 3 bound)
FROM      TO                    PORTS      TIME_WAIT  HELD BY
10.0.0.1  10.0.0.9:5432  900 of 1,000  20 (reusable)  api[7]

LIMIT                     USED   OF       WHERE
open files (fs.file-max)    90  100  90%  /proc/sys/fs/file-nr
processes and threads        1   20  5%   /sys/fs/cgroup/a`);
  });
});
