/** What the factory made is what `fds` counts: every kind, every descriptor, every number. */
import { beforeAll, expect, it } from 'vitest';
import { countByKind, countOf, type Looked, look, rowOf } from '../cli/support/look.ts';
import { describeNeeds, need } from './support/need.ts';
import { type FactoryTruth, type Running, startFactory } from './support/program.ts';

interface Made {
  kind: string;
  /** Descriptors per unit the command makes. */
  each?: number;
  options?: string;
}

/** Requests of the factory that need no rights, with the kind each must be seen as. */
const MADE: Record<string, Made> = {
  files: { kind: 'file', options: 'upload-{}.part' },
  'same-file': { kind: 'file' },
  dir: { kind: 'directory' },
  opath: { kind: 'directory' },
  devnull: { kind: 'device' },
  pty: { kind: 'tty', each: 2 },
  fifo: { kind: 'pipe' },
  pipe: { kind: 'pipe', each: 2 },
  tmpfile: { kind: 'file' },
  deleted: { kind: 'file' },
  'deleted-linked': { kind: 'file' },
  replaced: { kind: 'file' },
  'really-named-deleted': { kind: 'file' },
  nocloexec: { kind: 'file' },
  memfd: { kind: 'memfd' },
  eventfd: { kind: 'eventfd', options: 'value=5' },
  timerfd: { kind: 'timerfd' },
  signalfd: { kind: 'signalfd' },
  inotify: { kind: 'inotify', options: 'watches=3' },
  epoll: { kind: 'epoll' },
  'pidfd-live': { kind: 'pidfd' },
  'pidfd-dead': { kind: 'pidfd' },
  'tcp-listen': { kind: 'socket' },
  established: { kind: 'socket' },
  udp: { kind: 'socket' },
  'udp-connected': { kind: 'socket' },
  'unix-listen': { kind: 'socket' },
  'unix-abstract': { kind: 'socket' },
  socketpair: { kind: 'socket', each: 2 },
  netlink: { kind: 'socket' },
  'never-connected': { kind: 'socket' },
  'closed-both': { kind: 'socket' },
};
/** Different counts, so that two commands that were mixed up are told apart. */
const countFor = (index: number): number => 2 + (index % 5);

const requests = Object.entries(MADE).map(([name, { options }], index) => `${name}=${countFor(index)}${options ? `:${options}` : ''}`);

function expectedKinds(truth: FactoryTruth, of: Looked): Record<string, number> {
  const kinds: Record<string, number> = {};
  const add = (kind: string, count: number): void => {
    kinds[kind] = (kinds[kind] ?? 0) + count;
  };
  for (const [index, { kind, each = 1 }] of Object.values(MADE).entries()) add(kind, countFor(index) * each);
  for (const fd of truth.base) add(rowOf(of.report.data, fd).kind, 1);
  return kinds;
}

describeNeeds(['python3'], 'the truth, by kind', () => {
  let factory: Running<FactoryTruth>;
  let native: Looked;
  let procOnly: Looked;

  beforeAll(async () => {
    factory = await startFactory(requests);
    native = await look([factory.pid, '--list', '--all']);
    procOnly = await look([factory.pid, '--list', '--all'], { env: { RELOADCTL_NO_NATIVE: '1' } });
  });

  it.each([['native', () => native], ['/proc alone', () => procOnly]] as const)('counts every kind exactly: %s', (_name, of) => {
    const { run, report } = of();
    expect([run.code, run.stderr, report.verdict]).toEqual([0, '', 'pass']);
    const expected = expectedKinds(factory.truth, of());
    expect(countByKind(report.data)).toEqual(expected);
    expect(report.data.open).toBe(factory.truth.open);
    expect(report.data.fds).toHaveLength(factory.truth.open);
    expect(report.data.limit).toEqual(factory.truth.limit);
  });

  it.each(Object.entries(MADE))('%s: each number is seen as what it is', (name, { kind }) => {
    for (const of of [native, procOnly]) {
      const kinds = (factory.truth.fds[name] ?? []).map((fd) => rowOf(of.report.data, fd).kind);
      expect(kinds).toEqual(kinds.map(() => kind));
      expect(kinds.length).toBeGreaterThan(1);
    }
  });

  it('tells the details of a kind', () => {
    const { data } = native.report;
    const { fds, facts } = factory.truth;
    const row = (name: string, index = 0) => rowOf(data, fds[name]?.[index] ?? -1);
    expect(row('eventfd')).toMatchObject({ eventCount: '5' });
    expect(row('inotify')).toMatchObject({ watches: 3 });
    const [port] = facts['tcp-listen']?.ports ?? [];
    expect(row('tcp-listen')).toMatchObject({ protocol: 'tcp', state: 'LISTEN', localPort: port, cloexec: true });
    expect(row('established')).toMatchObject({ state: 'ESTABLISHED', remotePort: facts.established?.port });
    expect(row('udp-connected')).toMatchObject({ protocol: 'udp', remotePort: 9 });
    expect(row('unix-listen')).toMatchObject({ protocol: 'unix', state: 'LISTEN', socketPath: facts['unix-listen']?.paths?.[0] });
    expect(row('unix-abstract')).toMatchObject({ protocol: 'unix', state: 'LISTEN', socketPath: facts['unix-abstract']?.paths?.[0] });
    expect(row('pidfd-live')).toMatchObject({ ofPid: factory.pid });
    expect(row('nocloexec')).toMatchObject({ cloexec: false });
    expect(row('files')).toMatchObject({ target: facts.files?.paths?.[0], access: 'rw', links: 1 });
    expect(row('opath')).toMatchObject({ access: 'path' });
    expect(row('pipe')).toMatchObject({ end: 'read', otherEnd: `python3[${factory.pid}]:${fds.pipe?.[1]}` });
    expect(row('socketpair')).toMatchObject({ otherEnd: `python3[${factory.pid}]:${fds.socketpair?.[1]}` });
    expect(row('established').otherEnd).toMatch(new RegExp(`^python3\\[${factory.truth.peers[0]?.pid}\\]:\\d+$`));
  });

  it('knows which files have no name any more', () => {
    for (const { report } of [native, procOnly]) {
      const deleted = report.data.fds?.filter((row) => row.deleted).map((row) => row.fd);
      const { fds } = factory.truth;
      expect(deleted).toEqual([...(fds.tmpfile ?? []), ...(fds.deleted ?? []), ...(fds.replaced ?? [])].sort((a, b) => a - b));
    }
  });

  it('groups by path template, state and peer', () => {
    const { data } = native.report;
    const { fds, facts } = factory.truth;
    const count = (name: string): number => fds[name]?.length ?? -1;
    expect(countOf(data, /upload-\*\.part$/)).toBe(count('files'));
    expect(countOf(data, /app-\*\.log \(deleted\)$/)).toBe(count('deleted'));
    expect(countOf(data, `tcp ESTABLISHED to 127.0.0.1:${facts.established?.port}`)).toBe(count('established'));
    expect(countOf(procOnly.report.data, /^in no socket table/)).toBe(count('never-connected') + count('closed-both'));
  });

  // pidfd_getfd wants the right to attach, which Yama keeps from users.
  it.skipIf(!need('root'))('asks sockets in no table what they are', () => {
    const { report } = native;
    expect(countOf(report.data, 'tcp never connected')).toBe(factory.truth.fds['never-connected']?.length);
    expect(countOf(report.data, 'tcp closed on both sides')).toBe(factory.truth.fds['closed-both']?.length);
    expect(report.coverage.every(({ status }) => status === 'ok')).toBe(true);
  });

  it('says what it could not ask without native calls', () => {
    const line = procOnly.report.coverage.find(({ source }) => source === 'sockets in no table');
    const total = (factory.truth.fds['never-connected']?.length ?? 0) + (factory.truth.fds['closed-both']?.length ?? 0);
    expect(line).toMatchObject({ status: 'unsupported', needed: false, seen: 0, total });
  });

  it('filters, sorts and groups what it counted', async () => {
    const { fds } = factory.truth;
    const filtered = await look([factory.pid, '--list', '--where', 'kind=socket state=LISTEN protocol=tcp', '--sort', '-fd']);
    expect(filtered.report.data.fds?.map((row) => row.fd)).toEqual(fds['tcp-listen']?.toReversed());
    const grouped = await look([factory.pid, '--group-by', 'kind,cloexec']);
    const open = grouped.report.data.groups.find((group) => group.kind === 'file' && group.key === 'cloexec=false');
    const stdio = factory.truth.base.filter((fd) => rowOf(native.report.data, fd).kind === 'file').length;
    expect(open?.count).toBe((fds.nocloexec?.length ?? 0) + stdio);
  });
});
