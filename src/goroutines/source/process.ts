/** The pprof listener of a process, found through its own sockets. */
import type { CommandContext } from '../../command.ts';
import type { Evidence } from '../../evidence/index.ts';
import { scanInet } from '../../kernel/proc/net-inet.ts';
import { resolveTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import { listOf } from '../../report/words.ts';
import { type Access, endpointOf, type PprofEndpoint } from './endpoint.ts';
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

/** Finds the listener once, for as many looks as are wanted. Throws UserError as findPprof. */
export async function openProcess(spec: string, access: Access, context: CommandContext): Promise<(options: TakeOptions) => Promise<Taken>> {
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
