/** What tests made and did not close, as far as it is there still. */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import timers from 'node:timers';
import workerThreads from 'node:worker_threads';
import { openedFiles } from '../files.ts';
import { listening, type Made } from '../made.ts';
import { pendingPromises } from './promises.ts';

/** One of them, as it is written down. */
export interface Survivor {
  /** As `node` calls it: `tcp-server`, `timer-interval`, ... */
  kind: string;
  /** Address, path or pid. */
  detail: string;
  /** `path:line:column` of the first frame of the user's own. */
  site?: string;
  test?: string;
  isLoading: boolean;
}

interface Tracked {
  ref: WeakRef<object>;
  made: Made;
}

type Loose = Record<PropertyKey, unknown>;

const MOST = 5000;
let tracked: Tracked[] = [];
const { readlinkSync } = fs;

export function trackAll(): void {
  listening.made = (value, made) => {
    if (kindOf(value) === undefined) return;
    // Most are long gone: of what is made in great numbers only what is left is kept.
    if (tracked.length >= MOST) tracked = tracked.filter(({ ref }) => isAlive(ref.deref()));
    if (tracked.length < MOST) tracked.push({ ref: new WeakRef(value), made });
  };
}

/** Sockets of servers are made by the other side; requests, streams of children and one-shot timers end with what made them. */
function kindOf(value: object): string | undefined {
  if (value instanceof net.Server) return 'tcp-server';
  if (value instanceof net.Socket) return 'tcp-socket';
  if (value instanceof childProcess.ChildProcess) return 'child-process';
  if (value instanceof workerThreads.Worker) return 'worker';
  if (value instanceof dgram.Socket) return 'udp-socket';
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  if (name === 'FSWatcher') return 'fs-watcher';
  if (name === 'StatWatcher') return 'stat-watcher';
  return name === 'Timeout' && typeof (value as Loose)._repeat === 'number' ? 'timer-interval' : undefined;
}

function isAlive(value: object | undefined): boolean {
  if (!value) return false;
  const loose = value as Loose;
  switch (kindOf(value)) {
    case 'tcp-server':
      return (value as net.Server).listening;
    case 'tcp-socket':
      return !(value as net.Socket).destroyed && loose._handle !== null && loose._handle !== undefined && !isPooled(value as net.Socket);
    case 'child-process':
      return loose.exitCode === null && loose.signalCode === null && typeof loose.pid === 'number';
    case 'worker':
      return (value as workerThreads.Worker).threadId > 0;
    case 'udp-socket': {
      const state = Object.getOwnPropertySymbols(value).find(({ description }) => description === 'state symbol');
      return state !== undefined && (loose[state] as { handle?: unknown } | undefined)?.handle !== null;
    }
    case 'timer-interval':
      // One that holds no loop is meant to outlive whatever made it.
      return loose._destroyed === false && (value as NodeJS.Timeout).hasRef();
    default:
      return loose._handle !== null && loose._handle !== undefined;
  }
}

/** An idle connection that an agent keeps for the next request. */
function isPooled(socket: net.Socket): boolean {
  const handle = (socket as unknown as { _handle?: { hasRef?: () => boolean } })._handle;
  if (handle?.hasRef?.() !== false) return false;
  return socket.listenerCount('agentRemove') > 0 || Object.getOwnPropertySymbols(socket).some(({ description }) => description === 'kClient' || description === 'client' || description === 'parser');
}

function detailOf(value: object, kind: string): string {
  if (kind === 'tcp-server') {
    const address = (value as net.Server).address();
    return typeof address === 'string' ? address : address ? `${address.address}:${address.port}` : '';
  }
  if (kind === 'tcp-socket') {
    const { remoteAddress, remotePort } = value as net.Socket;
    return remoteAddress === undefined ? '' : `to ${remoteAddress}:${remotePort}`;
  }
  if (kind === 'child-process') return `pid ${(value as childProcess.ChildProcess).pid} ${(value as childProcess.ChildProcess).spawnfile}`;
  if (kind === 'timer-interval') return `every ${String((value as unknown as Loose)._repeat)} ms`;
  return '';
}

const FILE_KINDS = { OpenFile: 'file-descriptor', FileHandle: 'file-handle', FileStream: 'file-stream' } as const;

/** @param isMeant of what is there still, by who made it; absent: all */
export function survivors(isMeant: (made: Made) => boolean = () => true): Survivor[] {
  const found: Survivor[] = [];
  const add = (kind: string, detail: string, made: Made): void => {
    if (!isMeant(made)) return;
    const site = siteOf(made);
    // Nobody but libraries had a hand in it: a runner, a pool, a logger.
    if (site !== undefined) found.push({ kind, detail, site, ...(made.test && { test: made.test.name }), isLoading: made.test?.isLoading ?? true });
  };
  for (const { ref, made } of tracked) {
    const value = ref.deref();
    if (value && isAlive(value)) add(kindOf(value)!, detailOf(value, kindOf(value)!), made);
  }
  for (const made of pendingPromises()) add('promise', '', made);
  for (const { fd, c, path, made, isLost } of openedFiles()) if (!isLost && isOpen(fd)) add(FILE_KINDS[c], path, made);
  return found;
}

/** Lets the loop go: the run ends as it would have had they been closed, and goes red by us. @param isLeft something was */
export function letGo(isLeft: boolean): void {
  for (const { ref } of tracked) {
    const value = ref.deref();
    if (value && isAlive(value)) (value as { unref?: () => void }).unref?.();
  }
  if (!isLeft) return;
  // The other ends of what was left, which servers made here.
  const { _getActiveHandles: active } = process as unknown as { _getActiveHandles?: () => unknown[] };
  for (const handle of active?.() ?? []) if (handle instanceof net.Socket && handle.remoteAddress !== undefined) handle.unref();
}

function isOpen(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('/');
  } catch {
    return false;
  }
}

const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()]+?):(\d+):(\d+)\)?$/;

/** By the formatter of the application, which knows its source maps. */
function siteOf({ holder }: Made): string | undefined {
  const { stack } = holder;
  if (typeof stack !== 'string') return undefined;
  for (const line of stack.split('\n')) {
    const [, file, row, column] = FRAME.exec(line.trim()) ?? [];
    if (file !== undefined && !file.includes('/node_modules/') && !file.includes(__filename)) return `${file.replace(/^file:\/\//, '').replace(/\?.*$/, '')}:${row}:${column}`;
  }
  return undefined;
}

/** Ours, which nobody wraps. */
export const ownInterval = timers.setInterval;
