/** Kernel objects, made for real: the kind each is seen as, and what is told of it. */
import { readlinkSync } from 'node:fs';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { coverageOf, evidenceOf, findingOf, type Looked, look, rowOf } from '../cli/support/look.ts';
import { describeNeeds } from './support/need.ts';
import { type FactoryTruth, type Running, startFactory } from './support/program.ts';

interface Made {
  request: string;
  kind: string;
  attributes?: Record<string, unknown>;
}

/** Needs no rights, as long as the host has not forbidden it. */
const MADE: Record<string, Made> = {
  'io-uring': {
    request: 'io-uring=2:fixed=3:slots=9',
    kind: 'io_uring',
    attributes: { fixedFiles: 3, fixedSlots: 9, completions: 0, polls: 0 },
  },
  landlock: { request: 'landlock=2', kind: 'landlock-ruleset' },
  'perf-event': { request: 'perf-event=2', kind: 'perf_event' },
  userfaultfd: { request: 'userfaultfd=2', kind: 'userfaultfd', attributes: { pendingFaults: 0 } },
  mqueue: { request: 'mqueue=2', kind: 'mqueue' },
  namespace: { request: 'namespace=2:uts', kind: 'namespace', attributes: { namespace: 'uts' } },
  pty: { request: 'pty', kind: 'tty' },
  vsock: { request: 'vsock', kind: 'socket', attributes: { protocol: 'vsock', state: 'UNLISTED' } },
  uevent: { request: 'uevent', kind: 'socket', attributes: { protocol: 'netlink', subprotocol: 'KOBJECT_UEVENT' } },
  netlink: { request: 'netlink', kind: 'socket', attributes: { protocol: 'netlink', subprotocol: 'ROUTE' } },
};

const AS_ROOT: Record<string, Made> = {
  fanotify: { request: 'fanotify=2:marks=3', kind: 'fanotify', attributes: { marks: 3 } },
  'bpf-map': { request: 'bpf-map=2:entries=32', kind: 'bpf-map', attributes: { bpfType: 'array', maxEntries: 32 } },
  'bpf-prog': { request: 'bpf-prog', kind: 'bpf-prog', attributes: { bpfType: 'cgroup_skb' } },
  'bpf-link': { request: 'bpf-link', kind: 'bpf-link', attributes: { bpfType: 'cgroup' } },
  fscontext: { request: 'fscontext', kind: 'fscontext' },
  'seccomp-notify': { request: 'seccomp-notify', kind: 'seccomp-notify' },
  kvm: { request: 'kvm', kind: 'kvm' },
  tun: { request: 'tun=2', kind: 'tun' },
  raw: { request: 'raw', kind: 'socket', attributes: { protocol: 'raw', subprotocol: 'ICMP' } },
  packet: { request: 'packet', kind: 'socket', attributes: { protocol: 'packet', subprotocol: 'NONE' } },
};

/** What the kernel answers where it does not offer something: no right, no such device, protocol or call. */
const NOT_HERE = /\[Errno (?:1|2|13|19|22|38|93|95|97)\]|no cgroup2/;

let running: Running<FactoryTruth> | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(...requests: string[]): Promise<Running<FactoryTruth> | undefined> {
  try {
    return await startFactory(requests);
  } catch (error) {
    if (NOT_HERE.test(String(error))) return undefined;
    throw error;
  }
}

/** One look at one process that has all of `wanted` that this host makes. */
async function lookAtAll(wanted: Record<string, Made>): Promise<{ factory: Running<FactoryTruth>; looked: Looked }> {
  const here: string[] = [];
  for (const { request } of Object.values(wanted)) {
    const alone = await start(request);
    if (alone) here.push(request);
    await alone?.stop();
  }
  const factory = await startFactory(here);
  return { factory, looked: await look([factory.pid, '--list']) };
}

function checkEach(wanted: Record<string, Made>): void {
  let seen: Awaited<ReturnType<typeof lookAtAll>>;

  beforeAll(async () => {
    seen = await lookAtAll(wanted);
  });

  it.for(Object.entries(wanted))('%s', ([name, { kind, attributes = {} }], { skip }) => {
    const { truth } = seen.factory;
    const fds = Object.entries(truth.fds).flatMap(([made, numbers]) => (made.split('.')[0] === name ? numbers : []));
    if (fds.length === 0) return skip(`this host makes no ${name}`);
    for (const fd of fds) expect(rowOf(seen.looked.report.data, fd)).toMatchObject({ kind, ...attributes });
  });

  it('is all there is, and no fault', () => {
    const { run, report } = seen.looked;
    expect([run.code, run.stderr, report.data.open]).toEqual([0, '', seen.factory.truth.open]);
    expect(report.findings).toEqual([]);
  });
}

describeNeeds(['python3'], 'kernel objects', () => {
  checkEach(MADE);

  it('names the fixed files of a ring, which no table shows', async ({ skip }) => {
    const factory = await start('io-uring=1:fixed=2');
    running = factory;
    if (!factory) return skip('this host makes no io-uring');
    const row = rowOf((await look([factory.pid, '--list'])).report.data, factory.truth.fds['io-uring']![0]!);
    expect(row.fixedNames).toBe(factory.truth.facts['io-uring']?.paths?.join(', '));
  });

  it('names the slave of a pseudo terminal', async () => {
    const factory = await startFactory(['pty']);
    running = factory;
    const [master = -1, slave = -1] = factory.truth.fds.pty ?? [];
    const { data } = (await look([factory.pid, '--list'])).report;
    expect(rowOf(data, master).slave).toBe(readlinkSync(`/proc/${factory.pid}/fd/${slave}`));
    expect(rowOf(data, slave).slave).toBeUndefined();
  });
});

describeNeeds(['python3', 'root'], 'kernel objects of root', () => {
  checkEach(AS_ROOT);

  it('names the interface of a tunnel', async ({ skip }) => {
    const factory = await start('tun');
    running = factory;
    if (!factory) return skip('this host makes no tun');
    const { data } = (await look([factory.pid, '--list'])).report;
    expect(rowOf(data, factory.truth.fds.tun![0]!)).toMatchObject({ interface: factory.truth.facts.tun?.names?.[0] });
  });
});

describeNeeds(['python3'], 'what no table of the process shows', () => {
  it.each([
    [3, 'info', 'hint'],
    [40, 'warning', 'likely'],
  ])('%i descriptors in flight', async (count, severity, confidence) => {
    const factory = await startFactory([`in-flight=${count}`, 'socketpair=2']);
    running = factory;
    const looked = await look([factory.pid]);
    expect(findingOf(looked, 'fd/in-flight')).toMatchObject({ severity, confidence });
    expect(evidenceOf(findingOf(looked, 'fd/in-flight'), 'descriptors in flight (scm_fds)')).toBe(count);
  });

  it.each([
    ['files=20', 'unshared-thread=5', 'info'],
    ['rlimit=50:50', 'unshared-thread=40', 'warning'],
  ])('a table of a thread: %s %s', async (first, second, severity) => {
    const factory = await startFactory([first, second]);
    running = factory;
    const looked = await look([factory.pid]);
    const { tid, fds } = factory.truth.facts['unshared-thread'] ?? {};
    const finding = findingOf(looked, 'fd/unshared-table');
    expect(finding).toMatchObject({ severity, confidence: 'certain' });
    expect(finding.evidence).toContainEqual(
      expect.objectContaining({ value: 3 + (fds?.length ?? 0), source: `/proc/${factory.pid}/task/${tid}/fd` }),
    );
    expect(coverageOf(looked, 'tables of threads').status).toBe('ok');
  });

  it('is not imagined in a process whose threads open and close all the time', async () => {
    const factory = await startFactory(['files=20', 'churn=100000', 'churn=100000', 'churn=100000']);
    running = factory;
    for (let run = 0; run < 5; run++) expect((await look([factory.pid])).findings).toEqual([]);
  });
});
