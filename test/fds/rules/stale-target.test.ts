import { describe, expect, it } from 'vitest';
import { staleTarget } from '../../../src/fds/rules/stale-target.ts';
import type { FdTable, Snapshot } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { epollFd, type FdSpec, fileFd, snapshotOf, socketFd, tableOf, tcpRow } from '../../support/snapshot.ts';

const pipeEnd = (fd: number, ino: string, flags = 0): FdSpec => ({ fd, link: `pipe:[${ino}]`, ino, flags });
const eventfd = (fd: number): FdSpec => ({ fd, link: 'anon_inode:[eventfd]', ino: '1044' });
const find = (tables: FdTable[], overrides: Partial<Snapshot> = {}) => runRules([staleTarget], [snapshotOf(tables, overrides)]);
const one = (specs: FdSpec[], answers: [string, boolean][] = []) => find([tableOf({}, specs)], { epollTargets: new Map(answers) });

describe('epoll/stale-target', () => {
  it('names the number that is another file now, and the duplicate that lives', () => {
    const found = one([epollFd(15, [[13, '73026']]), pipeEnd(12, '73026'), pipeEnd(14, '73026', 1), fileFd(13, '/etc/hostname')], [['42:15:13', false]]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      severity: 'warning',
      confidence: 'certain',
      title:
        'epoll 15 of app (pid 42) still watches 1 file under a number closed since: ' +
        'number 13, registered for pipe:[73026] read end, is now /etc/hostname; the file lives on as fd 12',
    });
  });

  it('is likely when nobody checked again', () => {
    expect(one([epollFd(15, [[13, '73026']])])[0]).toMatchObject({ severity: 'warning', confidence: 'likely', title: expect.stringMatching(/number 13, .* is closed$/) });
    expect(one([epollFd(15, [[13, '73026']]), fileFd(13, '/etc/hostname')])[0]).toMatchObject({ confidence: 'likely' });
  });

  it('counts only what was checked when something was', () => {
    const [finding] = one([epollFd(15, [[13, '1'], [14, '2'], [16, '3']])], [['42:15:13', false], ['42:15:14', false]]);
    expect(finding!.title).toContain('still watches 2 files');
    expect(finding!.evidence).toContainEqual(expect.objectContaining({ name: 'more that were seen once and not checked', value: 1 }));
  });

  it.each<[string, FdSpec[], [string, boolean][]]>([
    ['alive', [epollFd(15, [[13, '500']]), socketFd(13, tcpRow('500', 'ESTABLISHED'))], []],
    ['closed in one look, open in the next', [epollFd(15, [[13, '500']])], [['42:15:13', true]]],
    ['another anonymous inode cannot be told', [epollFd(15, [[13, '1044']]), eventfd(13)], []],
    ['nothing registered', [epollFd(15, [])], []],
  ])('is silent: %s', (_name, specs, answers) => expect(one(specs, answers)).toEqual([]));

  it('believes kcmp about anonymous inodes', () => {
    expect(one([epollFd(15, [[13, '1044']]), eventfd(13)], [['42:15:13', false]])[0]).toMatchObject({ confidence: 'certain' });
  });

  it('is silent when the table could not be listed', () => {
    expect(find([{ ...tableOf({}, [epollFd(15, [[13, '500']])]), errno: 'EACCES' }])).toEqual([]);
  });

  describe('one epoll instance in a forked family', () => {
    const shared = epollFd(15, [[3, '1'], [20, '500'], [21, '501']]);
    const common = socketFd(3, tcpRow('1', 'LISTEN'));
    const own = tableOf({}, [shared, common, socketFd(20, tcpRow('500', 'ESTABLISHED'))]);
    const other = (extra: FdSpec[], list = shared) => tableOf({ pid: 43 }, [list, common, ...extra]);

    it('is silent when the number is right in the other table', () => {
      const sibling = other([socketFd(21, tcpRow('501', 'ESTABLISHED'))]);
      expect(find([own], { relatives: [sibling], epollTargets: new Map([['42:15:21', false]]) })).toEqual([]);
      expect(find([own, sibling])).toEqual([]);
    });

    it('is silent when a sibling nobody saw may hold it, also when the lists were read at different moments', () => {
      expect(find([own], { relatives: [other([])] })).toEqual([]);
      expect(find([own], { relatives: [other([], epollFd(15, [[3, '1'], [20, '500']]))] })).toEqual([]);
      const unread = other([]);
      unread.fds[0]!.detail = {};
      expect(find([own], { relatives: [unread] })).toEqual([]);
    });

    it('tells when the file lives here under another number', () => {
      const dup = tableOf({}, [shared, common, socketFd(20, tcpRow('500', 'ESTABLISHED')), socketFd(30, tcpRow('501', 'ESTABLISHED'))]);
      expect(find([dup], { relatives: [other([])] })[0]!.title).toContain('lives on as fd 30');
    });

    it('is not taken for shared when it is another instance or program', () => {
      const notShared = new Map([['42:15:43:15', false]]);
      expect(find([own], { relatives: [other([])], sameDescription: notShared })).toHaveLength(1);
      const workers = other([], epollFd(15, [[3, '1'], [60, '700'], [61, '701'], [62, '702']]));
      expect(find([own], { relatives: [workers] })).toHaveLength(1);
      expect(find([own], { relatives: [tableOf({ pid: 43, exe: '/bin/x', comm: 'x' }, [shared, common])] })).toHaveLength(1);
    });
  });

  it('makes one finding of all workers', () => {
    const worker = (pid: number) => tableOf({ pid }, [epollFd(15, [[13, String(pid)]])]);
    expect(find([worker(1), worker(2), worker(3)]).map(({ title }) => title)).toEqual([expect.stringContaining('(3 processes, worst pid 1) still watches 3 files')]);
  });
});
