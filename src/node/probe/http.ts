/** Runs inside the target, as the text of these functions: see list.ts. */
import type { RawHandle } from './raw.ts';
import type { Unread } from './unread.ts';
import type { Ways } from './ways.ts';

type Told = Pick<RawHandle, 'http' | 'h2' | 'streams'>;

/** The request in progress of a socket. @param requests gets the object that stands for it */
export function httpOf({ get, text, number, hidden }: Ways, { suspect }: Unread, requests: Map<unknown, unknown>, socket: unknown, fd: number | undefined): Told {
  /** Its data was not asked for, and some waits. */
  const waits = (readable: unknown): boolean => {
    const state = get(readable, '_readableState');
    return get(readable, 'destroyed') !== true && get(state, 'endEmitted') !== true && get(state, 'flowing') !== true && (number(get(state, 'length')) ?? 0) > 0;
  };
  const message = get(socket, '_httpMessage');
  if (typeof message === 'object' && message !== null) {
    const asked = get(message, 'req');
    if (asked !== undefined && asked !== null) return { http: { method: text(get(asked, 'method')), url: text(get(asked, 'url')), side: 'server' } };
    const [method, host] = [text(get(message, 'method')), text(get(message, 'host'))];
    // Something else under that name.
    if (method === '' || host === '') return {};
    requests.set(socket, message);
    const response = get(message, 'res');
    return {
      http: {
        method,
        url: `${text(get(message, 'protocol'))}//${host}${text(get(message, 'path'))}`,
        side: 'client',
        ...(response !== undefined && response !== null && { status: number(get(response, 'statusCode')) ?? 0, unread: waits(response) && suspect(fd, response) }),
      },
    };
  }
  // undici, which fetch() is.
  const client = hidden(socket, 'client');
  if (typeof client !== 'object' || client === null) return {};
  const parser = hidden(socket, 'parser');
  const queue = hidden(client, 'queue');
  const request = Array.isArray(queue) ? queue[number(hidden(client, 'running index')) ?? 0] : undefined;
  if (typeof request !== 'object' || request === null) return {};
  requests.set(socket, request);
  const status = number(get(parser, 'statusCode'));
  const origin = get(request, 'origin');
  // Of fetch(), and of undici.request().
  const handler = hidden(request, 'handler');
  const body = get(handler, 'body') ?? get(handler, 'res');
  return {
    http: {
      method: text(get(request, 'method')),
      url: `${typeof origin === 'string' ? text(origin) : text(get(origin, 'origin'))}${text(get(request, 'path'))}`,
      side: 'client',
      ...(status ? { status, unread: waits(socket) && (typeof body === 'object' && body !== null ? suspect(fd, body) : true) } : {}),
    },
  };
}

/** The HTTP/2 session of a socket, and the oldest of its streams (lib/internal/http2/core.js); undefined where it has none. */
export function http2Of({ get, text, number, hidden, chainOf }: Ways, socket: unknown): Told | undefined {
  // Up to Node 26 the socket refers to it by the name `undefined`: the symbol is imported from a module that does not export it.
  const session = get(socket, 'undefined') ?? hidden(socket, 'kBoundSession');
  if (typeof session !== 'object' || session === null || !chainOf(session).includes('Http2Session')) return undefined;
  const streams = get(hidden(session, 'state'), 'streams');
  const size = number(get(streams, 'size'));
  let first: unknown;
  try {
    [first] = Map.prototype.values.call(streams as Map<unknown, unknown>) as Iterable<unknown>;
  } catch {
    // Another version keeps them otherwise.
  }
  if (size === undefined || first === undefined) return { h2: true, ...(size !== undefined && { streams: size }) };
  const asked = hidden(first, 'request');
  // Of a client what was sent; of a server what its request object has, where it was given one.
  const headers = chainOf(first).startsWith('Client') ? hidden(first, 'sent-headers') : hidden(asked, 'headers');
  const authority = text(get(headers, ':authority'));
  const side = chainOf(session).startsWith('Client') ? 'client' : 'server';
  const url = `${side === 'client' && authority !== '' ? `${text(get(headers, ':scheme'))}://${authority}` : ''}${text(get(headers, ':path'))}`;
  return { h2: true, streams: size, ...(headers !== undefined && { http: { method: text(get(headers, ':method')), url, side } }) };
}
