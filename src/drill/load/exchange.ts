/** One question on one connection, and what became of it: told apart by the errno and by how much of an answer had come. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AnswerReader } from './answer.ts';
import type { Endpoint, Ended, FailureClass, Traffic } from './types.ts';

export interface Question {
  traffic: Traffic;
  intended: number;
  timeoutMs: number;
  /** The connection shall stay for the next one. */
  keeps: boolean;
  /** One that stands already. */
  socket?: Socket;
  localAddress?: string;
  /** Keep body and headers of the answer. */
  wantsBody?: boolean;
  /** Lower case. */
  generationHeader?: string | undefined;
  /** Told of the connection at once: whoever ends the load closes it. */
  onSocket?(socket: Socket): void;
}

/** The end of a question, and its connection when that can be used again. */
export type Done = (ended: Ended, socket?: Socket, reader?: AnswerReader) => void;

/** What the system refuses to us, whoever is at the other side. */
const OWN_CODES = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAGAIN', 'EADDRINUSE', 'EACCES', 'EPERM']);
const REFUSED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
/** After its answer the server closes first, so that no local port of ours has to wait (TIME_WAIT). */
const LINGER_MS = 1000;
/** A plain connection of a server that does not heed our end is looked at for so long. */
const STANDS_MS = 50;

export function requestText({ http }: Endpoint, keeps: boolean): string {
  const { host, path, method } = http!;
  const body = method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'Content-Length: 0\r\n' : '';
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: reloadctl-drill\r\nAccept: */*\r\n${body}Connection: ${keeps ? 'keep-alive' : 'close'}\r\n\r\n`;
}

export function openSocket({ address, port, tls }: Endpoint, localAddress?: string): Socket {
  const where = { host: address, port, ...(localAddress !== undefined && { localAddress }) };
  const socket = tls ? connectTls({ ...where, ...(tls.servername !== undefined && { servername: tls.servername }), rejectUnauthorized: !tls.insecure, ALPNProtocols: ['http/1.1'] }) : connect(where);
  socket.setNoDelay(true);
  return socket;
}

/** Asks, and calls `done` once. Never throws. */
export function exchange(endpoint: Endpoint, question: Question, done: Done): void {
  const { traffic, intended, timeoutMs, keeps, generationHeader } = question;
  const started = performance.now();
  const reader = endpoint.http ? new AnswerReader({ keeps: question.wantsBody === true, hasBody: endpoint.http.method !== 'HEAD' }) : undefined;
  let connectMs: number | undefined;
  let isOver = false;
  let patience: NodeJS.Timeout | undefined;
  const socket = question.socket ?? openSocket(endpoint, question.localAddress);
  question.onSocket?.(socket);

  const finish = (result: Ended['result'], stays = false): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    clearTimeout(patience);
    for (const [event, listener] of listeners) socket.off(event, listener);
    const generation = generationHeader === undefined ? undefined : reader?.headers.get(generationHeader);
    const ended: Ended = {
      traffic, intended, started, ended: performance.now(), result,
      ...(connectMs !== undefined && { connectMs }),
      ...(generation !== undefined && { generation }),
      ...(question.wantsBody === true && reader && { body: reader.kept, headers: reader.headers }),
    };
    if (stays) done(ended, socket, reader);
    else {
      if (result.what === 'ok') leave(socket);
      else drop(socket);
      done(ended, undefined, reader);
    }
  };
  const fail = (kind: FailureClass, detail: string): void => {
    const during = connectMs === undefined && !question.socket ? 'connect' : reader === undefined || reader.state === 'nothing' ? 'before' : 'answer';
    finish({ what: 'failed', class: kind, during, detail });
  };
  const timer = setTimeout(() => fail('timeout', `no end in ${timeoutMs} ms`), timeoutMs);

  const onConnect = (): void => {
    connectMs = performance.now() - started;
    if (endpoint.http) socket.write(requestText(endpoint, keeps), 'latin1');
    else if (endpoint.send) socket.write(endpoint.send);
    else if (endpoint.answersEnd && !keeps) socket.end();
    else patience = setTimeout(() => finish({ what: 'ok' }, keeps), STANDS_MS);
  };
  const onData = (chunk: Buffer): void => {
    if (!reader) {
      if (endpoint.send) finish({ what: 'ok' }, keeps);
      return;
    }
    const isAll = reader.push(chunk);
    if (reader.state === 'malformed') fail('status', reader.problem);
    else if (reader.state !== 'whole') return;
    else if (isError(endpoint, reader.status)) finish({ what: 'failed', class: 'status', during: 'answer', detail: String(reader.status) });
    else finish({ what: 'ok', status: reader.status }, keeps && isAll && !reader.closes);
  };
  const onEnd = (): void => {
    if (!reader) {
      if (endpoint.send) fail('reset', 'closed without an answer');
      else finish({ what: 'ok' });
    } else if (reader.state === 'to-the-end') finish(isError(endpoint, reader.status) ? { what: 'failed', class: 'status', during: 'answer', detail: String(reader.status) } : { what: 'unknown' });
    else if (reader.state === 'nothing') fail('reset', connectMs === undefined && !question.socket ? 'closed before the connection stood' : 'closed without an answer');
    else fail('cut', `closed after ${reader.bodyBytes} bytes of the body`);
  };
  const onError = (error: NodeJS.ErrnoException): void => {
    finish(failureOf(error, connectMs === undefined && !question.socket, reader !== undefined && reader.state !== 'nothing'));
  };
  const listeners = [
    [endpoint.tls ? 'secureConnect' : 'connect', onConnect],
    ['data', onData],
    ['end', onEnd],
    ['error', onError],
    ['close', () => fail('reset', 'closed')],
  ] as const;
  for (const [event, listener] of listeners) socket.on(event, listener);
  if (question.socket) onReused();

  function onReused(): void {
    if (endpoint.http) socket.write(requestText(endpoint, keeps), 'latin1');
    else socket.write(endpoint.send!);
  }
}

/** What an error of a connection means for what was asked. @param hasBegun some of the answer was there */
export function failureOf({ code = 'EIO' }: NodeJS.ErrnoException, isConnecting: boolean, hasBegun: boolean): Ended['result'] {
  const during = isConnecting ? 'connect' : hasBegun ? 'answer' : 'before';
  const failed = (kind: FailureClass): Ended['result'] => ({ what: 'failed', class: kind, during, detail: code });
  if (isConnecting && OWN_CODES.has(code)) return { what: 'own', code };
  if (isConnecting && REFUSED.has(code)) return failed('refused');
  if (code === 'ETIMEDOUT') return failed('timeout');
  return failed(hasBegun ? 'cut' : 'reset');
}

/** 5xx; and 4xx where the first answer was none: a generation that has lost its routes answers so. */
function isError({ http }: Endpoint, status: number): boolean {
  return status >= 500 || (status >= 400 && http?.firstStatus !== undefined && http.firstStatus < 400);
}

function ignore(): void {
  // Whatever comes after the end of a question is nobody's news.
}

export function drop(socket: Socket): void {
  socket.on('error', ignore);
  socket.destroy();
}

/** Waits for the other side to close, for a while. */
function leave(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.on('error', ignore).on('end', () => socket.destroy()).on('close', () => clearTimeout(timer)).resume();
  socket.end();
}
