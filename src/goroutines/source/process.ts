/** A process: its memory, or its pprof listener, found through its own sockets. */
import type { CommandContext } from '../../command.ts';
import type { Access } from '../../kernel/access.ts';
import type { Evidence } from '../../evidence/index.ts';
import { scanInet } from '../../kernel/proc/net-inet.ts';
import { resolveTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';
import { listOf } from '../../report/words.ts';
import { endpointOf, type PprofEndpoint } from './endpoint.ts';
import { NotGo, openMemory } from './memory.ts';
import type { Taken, TakeOptions } from './types.ts';
import { offerOf, takeFrom } from './url.ts';

const LISTEN = 10;
/** A listener that is no HTTP server may say nothing at all. */
const PROBE_MS = 1500;

export interface Found {
  endpoint: PprofEndpoint;
  pid: number;
  label: string;
}

type Take = (options: TakeOptions) => Promise<Taken>;

/** How a process is looked into. Memory unless told: it stops nothing and asks nobody. */
export type Via = 'memory' | 'endpoint';

export interface OpenedProcess {
  take: Take;
  via: Via;
}

/** Opened once, for as many looks as are wanted. Throws UserError (exit 3) when neither its memory nor an endpoint can be read. */
export async function openProcess(spec: string, access: Access, via: Via | undefined, context: CommandContext, library?: string): Promise<OpenedProcess> {
  if (via === 'endpoint') return { take: await openEndpoint(spec, access, context), via };
  const { pids } = resolveTarget(context.evidence, spec, { tree: false, command: 'goroutines' });
  const problems: UserError[] = [];
  for (const pid of pids) {
    try {
      return { take: alsoSaying(othersOf(pid, pids), await openMemory(spec, pid, context, library)), via: 'memory' };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error);
    }
  }
  // What is surely no Go program is not asked: its listeners are none of our business.
  const problem = problems.find((one) => !(one instanceof NotGo));
  if (via === 'memory' || !problem) throw problems[0]!;
  const take = await openEndpoint(spec, access, context).catch((error: unknown) => {
    throw error instanceof UserError ? problem : error;
  });
  return { take: alsoSaying([{ source: 'memory', status: 'denied', detail: problem.message, ...fixOf(problem), needed: false }], take), via: 'endpoint' };
}

function alsoSaying(more: readonly Coverage[], take: Take): Take {
  return async (options) => {
    const taken = await take(options);
    return { ...taken, coverage: [...taken.coverage, ...more] };
  };
}

/** Of a service with several processes one is looked into. */
function othersOf(pid: number, pids: readonly number[]): Coverage[] {
  const others = pids.filter((other) => other !== pid);
  if (others.length === 0) return [];
  const detail = `process ${pid} was looked into; the others by their own pids: ${listOf(others)}`;
  return [{ source: 'processes of the target', status: 'partial', seen: 1, total: pids.length, detail, fix: `reloadctl goroutines ${others[0]}`, needed: false }];
}

function fixOf({ hints }: UserError): { fix?: string } {
  const fix = hints.find((hint) => hint.startsWith('sudo '));
  return fix === undefined ? {} : { fix };
}

async function openEndpoint(spec: string, access: Access, context: CommandContext): Promise<Take> {
  const found = await findPprof(spec, access, context);
  return (options) => takeFound(spec, found, options, context);
}

async function takeFound(spec: string, { endpoint, pid, label }: Found, options: TakeOptions, context: CommandContext): Promise<Taken> {
  const taken = await takeFrom(endpoint, spec, options, context);
  return { ...taken, label, pid, target: { spec, label, pids: [pid] } };
}

/** Throws UserError (exit 3) when no listener of the process answers as net/http/pprof does. */
export async function findPprof(spec: string, access: Access, { evidence, signal }: CommandContext): Promise<Found> {
  const target = resolveTarget(evidence, spec, { tree: false, command: 'goroutines' });
  const asked: string[] = [];
  for (const pid of target.pids) {
    const comm = (evidence.read(`/proc/${pid}/comm`).value ?? '').trim();
    sameNetwork(evidence, pid);
    for (const address of listenersOf(evidence, pid)) {
      const endpoint = await endpointOf(address, access);
      asked.push(address);
      if (await answers(endpoint, signal)) return { endpoint, pid, label: `${comm === '' ? target.name : comm} (pid ${pid})` };
    }
  }
  const where = asked.length === 0 ? 'it has no listener on TCP' : `none of its listeners (${listOf(asked)}) answers as net/http/pprof does`;
  throw new UserError(`${spec}: ${where}`, {
    exitCode: 3,
    hints: ['give the URL where it is mounted: reloadctl goroutines http://HOST:PORT/PATH/TO/pprof/', 'or a dump: reloadctl goroutines FILE'],
  });
}

/** Another network namespace has other ports of the same numbers. */
function sameNetwork(evidence: Evidence, pid: number): void {
  const theirs = evidence.readlink(`/proc/${pid}/ns/net`).value;
  const ours = evidence.readlink('/proc/self/ns/net').value;
  if (theirs === undefined || theirs === ours) return;
  throw new UserError(`process ${pid} is in another network namespace: its listeners cannot be reached from here`, {
    exitCode: 3,
    hints: [`sudo nsenter -t ${pid} -n reloadctl goroutines http://127.0.0.1:PORT`],
  });
}

/** URLs of the TCP listeners, those on loopback first: that is where pprof belongs. */
function listenersOf(evidence: Evidence, pid: number): string[] {
  const fds = evidence.list(`/proc/${pid}/fd`);
  if (fds.errno === 'EACCES' || fds.errno === 'EPERM') {
    throw new UserError(`process ${pid}: not permitted to see its listeners`, { exitCode: 3, hints: [`sudo reloadctl goroutines ${pid}`] });
  }
  const inodes = new Set((fds.value ?? []).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? '')?.[1] ?? []));
  const found: { url: string; loopback: boolean }[] = [];
  for (const protocol of ['tcp', 'tcp6'] as const) {
    scanInet(
      evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '',
      protocol,
      (row) => {
        if (row.localPort === undefined || !inodes.has(row.inode)) return;
        const host = hostOf(row.localAddress ?? '');
        found.push({ url: `http://${host}:${row.localPort}`, loopback: /^(127\.|\[::1\])/.test(host) });
      },
      (inode, state) => state === LISTEN && inodes.has(inode),
    );
  }
  return [...new Set(found.sort((a, b) => Number(b.loopback) - Number(a.loopback)).map(({ url }) => url))];
}

function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::' || address === '::ffff:0.0.0.0') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}

async function answers(endpoint: PprofEndpoint, signal: AbortSignal): Promise<boolean> {
  try {
    const offer = await offerOf(endpoint, { timeoutMs: PROBE_MS }, { signal });
    return offer.goroutines !== undefined;
  } catch (error) {
    // Not this one: refuses, or speaks another language.
    if (error instanceof UserError) return false;
    throw error;
  }
}
