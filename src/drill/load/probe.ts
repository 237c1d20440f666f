/** The first question, before any load: does somebody answer, and in a protocol that is spoken here? */
import { UserError } from '../../kernel/user-error.ts';
import { drop, openSocket, requestText } from './exchange.ts';
import { isHttp2, speaksHttp2 } from './http2-probe.ts';
import type { Endpoint } from './types.ts';

/** A server that heeds an end does so at once. */
const HEEDS_MS = 500;
/** Why a request over plain HTTP was not understood is told in so many bytes. */
const MOST_WORDS = 2048;
const HTTP2_HINT = 'let it offer HTTP/1.1, too, or drill its port: --tcp HOST:PORT';

/** The first of these that answers. @throws UserError (exit 3) with what is wrong */
export async function firstThatAnswers(endpoints: readonly Endpoint[], timeoutMs: number): Promise<Endpoint> {
  let first: UserError | undefined;
  for (const endpoint of endpoints) {
    const answer = await probe(endpoint, timeoutMs);
    if (!(answer instanceof UserError)) return answer;
    first ??= answer;
  }
  throw first!;
}

/** Nobody of HTTP/1.1 closes without a word: it may be one of HTTP/2. */
async function probe(endpoint: Endpoint, timeoutMs: number): Promise<Endpoint | UserError> {
  const answer = await ask(endpoint, timeoutMs);
  if (answer !== 'closed') return answer;
  const where = whereOf(endpoint);
  if (endpoint.http && (await speaksHttp2(endpoint, timeoutMs))) return problem(`${where} speaks HTTP/2 only, and the load of a drill is HTTP/1.1`, HTTP2_HINT);
  return problem(`${where} closed the connection without an answer`, ...(endpoint.http ? [endpoint.tls ? 'is it plain HTTP? use http://' : 'if it expects TLS: https://'] : []));
}

function whereOf({ label, address, port }: Endpoint): string {
  return `${label} (${address}, port ${port})`;
}

function problem(text: string, ...hints: string[]): UserError {
  return new UserError(text, { exitCode: 3, hints });
}

/** `closed`: it took the connection, and ended it without a byte. */
function ask(endpoint: Endpoint, timeoutMs: number): Promise<Endpoint | UserError | 'closed'> {
  const where = whereOf(endpoint);
  return new Promise((resolve) => {
    const socket = openSocket(endpoint);
    let state: 'connecting' | 'greeting' | 'asked' = 'connecting';
    let head = Buffer.alloc(0);
    const end = (result: Endpoint | UserError | 'closed'): void => {
      clearTimeout(timer);
      drop(socket);
      resolve(result);
    };
    const late = { connecting: 'no connection', greeting: 'connected, and no TLS', asked: 'connected, and no answer' };
    const timer = setTimeout(() => end(problem(`${where}: ${late[state]} in ${timeoutMs} ms`, '--timeout gives it longer')), timeoutMs);
    socket.on('connect', () => void (state = 'greeting'));
    socket.on(endpoint.tls ? 'secureConnect' : 'connect', () => {
      state = 'asked';
      if (endpoint.http) socket.write(requestText(endpoint, false), 'latin1');
      else if (endpoint.send) socket.write(endpoint.send);
      else {
        socket.end();
        setTimeout(() => end({ ...endpoint, answersEnd: false }), HEEDS_MS).unref();
      }
    });
    socket.on('data', (chunk: Buffer) => {
      if (!endpoint.http) {
        if (endpoint.send) end(endpoint);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const answer = answerIn(head, endpoint, false);
      if (answer) end(answer);
    });
    socket.on('end', () => {
      if (!endpoint.http && !endpoint.send) end({ ...endpoint, answersEnd: true });
      else end((head.length > 0 && answerIn(head, endpoint, true)) || 'closed');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = state !== 'connecting' && (error.code === 'ECONNRESET' || error.code === 'EPIPE' || /NO_APPLICATION_PROTOCOL/.test(`${error.code} ${error.message}`));
      end(isClosed ? ((head.length > 0 && answerIn(head, endpoint, true)) || 'closed') : problem(...errorWords(error, where, endpoint)));
    });
  });
}

/** What the first bytes say; undefined: more must come. */
function answerIn(head: Buffer, endpoint: Endpoint, isAll: boolean): Endpoint | UserError | undefined {
  const where = whereOf(endpoint);
  if (isHttp2(head)) return problem(`${where} speaks HTTP/2 only, and the load of a drill is HTTP/1.1`, HTTP2_HINT);
  if (head.length < 12 && !isAll) return undefined;
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1', 0, 12))?.[1]);
  if (Number.isNaN(status)) return problem(`${where} does not answer in HTTP: ${JSON.stringify(head.toString('latin1', 0, 40))}`, tlsHint(head, endpoint));
  // Servers of Go, and nginx, tell so whoever talks to their port of TLS in plain text.
  if (status === 400 && !endpoint.tls) {
    if (!isAll && head.length < MOST_WORDS) return undefined;
    if (/\bHTTPS\b/.test(head.toString('latin1'))) return problem(`${where} answers 400: it expects TLS`, 'use https://');
  }
  return { ...endpoint, http: { ...endpoint.http!, firstStatus: status } };
}

function tlsHint(head: Buffer, { tls }: Endpoint): string {
  // An alert record of TLS, RFC 8446 5.1.
  return !tls && head[0] === 0x15 ? 'it expects TLS: use https://' : 'for other protocols: --tcp HOST:PORT --send TEXT';
}

function errorWords({ code = '', message }: NodeJS.ErrnoException, where: string, { tls, port }: Endpoint): [string, ...string[]] {
  if (code === 'ECONNREFUSED') return [`nobody listens at ${where}`, `reloadctl listen :${port}`];
  if (/^(CERT_|DEPTH_|UNABLE_|SELF_SIGNED|ERR_TLS_CERT|HOSTNAME)/.test(code)) return [`${where}: its certificate is not trusted (${code})`, '--insecure takes any certificate; NODE_EXTRA_CA_CERTS=FILE names an authority of yours'];
  if (tls && /^(EPROTO|ERR_SSL|ERR_TLS)/.test(code)) return tlsWords(`${code} ${message}`, where);
  return [`${where}: ${code || message}`];
}

/** Reasons and alerts are those of OpenSSL. */
function tlsWords(text: string, where: string): [string, string] {
  if (/wrong.version.number|packet.length.too.long|http.request/i.test(text)) return [`${where} does not speak TLS`, 'is it plain HTTP? use http://'];
  if (/certificate.required/i.test(text)) return [`${where} asks for a certificate of the client, and a drill has none`, 'drill a port of it that asks for none'];
  if (/protocol.version|unsupported.protocol/i.test(text)) return [`${where} speaks no version of TLS that this client does (1.2, 1.3)`, 'NODE_OPTIONS=--tls-min-v1.0 lets this client speak older ones'];
  return [`${where}: TLS failed: ${/SSL routines:[^:]*:([^:]+)/.exec(text)?.[1] ?? text.split('\n')[0]}`, 'openssl s_client -connect HOST:PORT tells more'];
}
