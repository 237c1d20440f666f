/** What is open at an exit, by what it is good for. */
import { describe, expect, it } from 'vitest';
import { budgetsOf, classOf } from '../../src/assert/budgets.ts';
import type { Fd } from '../../src/kernel/types.ts';

const classOfPath = (link: string): string => classOf({ pid: 1, fd: 5, kind: 'file', link, detail: {} } as Fd);

describe('files', () => {
  it.each([
    '/var/lib/postgresql/15/main/base/16384/2608', '/var/lib/postgresql/15/main/base/5/2608_fsm', '/data/global/1262_vm', '/data/base/5/16400.1', '/data/base/5/t3_16400', '/data/pg_tblspc/16390/PG_15_202209061/5/16391',
    '/data/pg_wal/000000010000000000000001', '/data/pg_multixact/offsets/0000', '/db/000012.sst', '/db/000012.ldb', '/var/lib/mysql/shop/orders.ibd', '/es/indices/x/0/index/_4a.cfs',
  ])('of databases are kept open on purpose: %s', (path) => {
    expect(classOfPath(path)).toBe('data-file');
    expect(budgetsOf({}).most('data-file').most).toBeGreaterThanOrEqual(1000);
  });

  it.each(['/tmp/part-12.tmp', '/srv/base/notes.txt', '/srv/app.db', '/home/a/global/conf', '/etc/hostname', '/tmp/1262'])('of others are not: %s', (path) => {
    expect(classOfPath(path)).toBe('file');
    expect(budgetsOf({}).most('file').most).toBe(3);
  });
});
