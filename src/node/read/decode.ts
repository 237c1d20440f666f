/** Checks what came out of the target: it can be anything. What does not fit is left out. */
import type { RawFrame, RawHandle, RawList, RawTimers, RawUv } from '../probe/raw.ts';

type Loose = Record<string, unknown>;

const MOST_TEXT = 4096;

export function decodeList(value: unknown): RawList {
  const list = asRecord(value);
  const resources: Record<string, number> = {};
  for (const [name, count] of Object.entries(asRecord(list.resources)).slice(0, 100)) if (typeof count === 'number') resources[name.slice(0, 60)] = count;
  return {
    pid: asNumber(list.pid) ?? 0,
    version: asText(list.version, 60) ?? '',
    runtime: asText(list.runtime, 20) ?? '',
    main: list.main !== false,
    handles: asList(list.handles).map(decodeHandle),
    requests: asList(list.requests).flatMap((name) => asText(name, 60) ?? []),
    extras: asList(list.extras).map(decodeHandle),
    preloaded: list.preloaded === true,
    ...(list.cluster === true && { cluster: true as const }),
    ...(list.named === true && { named: true as const }),
    left: asNumber(list.left) ?? 0,
    cut: asNumber(list.cut) ?? 0,
    resources,
    ...(list.alike !== undefined && { alike: decodeAlike(list.alike) }),
    tookMs: asNumber(list.tookMs) ?? 0,
  };
}

export function decodeTimers(value: unknown): RawTimers {
  const { handles, left, cut, alike } = asRecord(value);
  return { handles: asList(handles).map(decodeHandle), left: asNumber(left) ?? 0, cut: asNumber(cut) ?? 0, alike: decodeAlike(alike) };
}

function decodeAlike(value: unknown): number[][] {
  return asList(value).map((group) => asList(group).filter((index): index is number => Number.isSafeInteger(index)));
}

export function decodeHandles(value: unknown): RawHandle[] {
  return asList(asRecord(value).handles).map(decodeHandle);
}

function decodeHandle(value: unknown): RawHandle {
  const raw = asRecord(value);
  const handle: Record<string, unknown> = { c: asText(raw.c, 600) ?? '?' };
  for (const key of ['n', 'file', 'path', 'at']) put(handle, key, asText(raw[key]));
  for (const key of ['fd', 'id', 'pid', 'rlen', 'conns', 'repeat', 'once', 'due', 'age', 'thread', 'streams', 'like']) put(handle, key, asNumber(raw[key]));
  for (const key of ['ref', 'flow', 'rend', 'wend', 'reads', 'destroyed', 'connecting', 'listening', 'h2', 'acc', 'held', 'half', 'unread']) put(handle, key, asBoolean(raw[key]));
  if (raw.shared === 'primary' || raw.shared === 'worker') handle.shared = raw.shared;
  if (Array.isArray(raw.fn)) handle.fn = raw.fn.filter((index) => Number.isSafeInteger(index));
  for (const key of ['stack', 'ask']) if (Array.isArray(raw[key])) handle[key] = decodeFrames(raw[key]);
  if (raw.http !== undefined) {
    const http = asRecord(raw.http);
    const status = asNumber(http.status);
    handle.http = {
      method: asText(http.method, 40) ?? '', url: asText(http.url, 1000) ?? '', side: http.side === 'server' ? 'server' : 'client',
      ...(status !== undefined && { status }), ...(http.unread === true && { unread: true }),
    };
  }
  return handle as unknown as RawHandle;
}

export function decodeFrames(value: unknown): RawFrame[] {
  return asList(value).slice(0, 64).flatMap((one) => {
    const { func, file, line, column } = asRecord(one);
    const name = asText(file);
    return name === undefined ? [] : [{ func: asText(func, 300) ?? '', file: name, line: asNumber(line) ?? 0, column: asNumber(column) ?? 0 }];
  });
}

/** Undefined where the runtime has no such report. */
export function decodeUv(value: unknown): RawUv[] | undefined {
  let list: unknown;
  try {
    list = typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  return list.map((one) => {
    const { type, fd, ref, active, filename } = asRecord(one);
    const number = asNumber(fd);
    const name = asText(filename);
    return { type: asText(type, 40) ?? '', ref: ref === true, active: active === true, ...(number !== undefined && { fd: number }), ...(name !== undefined && { filename: name }) };
  });
}

function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (value !== undefined) target[key] = value;
}

export function asRecord(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown, most = MOST_TEXT): string | undefined {
  return typeof value === 'string' ? value.slice(0, most) : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}
