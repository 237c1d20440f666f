/** The first question, before any load: does somebody answer, and in a protocol that is spoken here? */
import { UserError } from '../../kernel/user-error.ts';
import { drop, openSocket, requestText } from './exchange.ts';
import type { Endpoint } from './types.ts';

/** A server that heeds an end does so at once. */
const HEEDS_MS = 500;
/** HTTP/2, RFC 9113: the first frame of a server is SETTINGS (type 4) on stream 0. */
const isHttp2 = (head: Buffer): boolean => head.length >= 9 && head[0] === 0 && head[3] === 4 && head.readUInt32BE(5) === 0;

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

function probe(endpoint: Endpoint, timeoutMs: number): Promise<Endpoint | UserError> {
  const { label, address, port } = endpoint;
  const where = `${label} (${address}, port ${port})`;
  const problem = (text: string, ...hints: string[]): UserError => new UserError(text, { exitCode: 3, hints });
  return new Promise((resolve) => {
    const socket = openSocket(endpoint);
    let stands = false;
    let head = Buffer.alloc(0);
    const end = (result: Endpoint | UserError): void => {
      clearTimeout(timer);
      drop(socket);
      resolve(result);
    };
    const timer = setTimeout(() => end(problem(stands ? `${where}: connected, and no answer in ${timeoutMs} ms` : `${where}: no connection in ${timeoutMs} ms`, '--timeout gives it longer')), timeoutMs);
    socket.on(endpoint.tls ? 'secureConnect' : 'connect', () => {
      stands = true;
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
      if (isHttp2(head)) end(problem(`${where} speaks HTTP/2 only, and the load of a drill is HTTP/1.1`, 'let it listen for HTTP/1.1, too, or drill its port: --tcp HOST:PORT'));
      else if (head.length >= 12) end(/^HTTP\/1\.[01] \d{3}/.test(head.toString('latin1', 0, 12)) ? endpoint : problem(`${where} does not answer in HTTP: ${JSON.stringify(head.toString('latin1', 0, 40))}`, tlsHint(head, endpoint)));
    });
    socket.on('end', () => {
      if (!endpoint.http && !endpoint.send) end({ ...endpoint, answersEnd: true });
      else end(problem(`${where} closed the connection without an answer`, ...(endpoint.tls ? [] : ['if it expects TLS: https://'])));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(problem(...errorWords(error, where, endpoint))));
  });
}

function tlsHint(head: Buffer, { tls }: Endpoint): string {
  // An alert record of TLS, RFC 8446 5.1.
  return !tls && head[0] === 0x15 ? 'it expects TLS: use https://' : 'for other protocols: --tcp HOST:PORT --send TEXT';
}

function errorWords({ code = '', message }: NodeJS.ErrnoException, where: string, { tls, port }: Endpoint): [string, ...string[]] {
  if (code === 'ECONNREFUSED') return [`nobody listens at ${where}`, `reloadctl listen :${port}`];
  if (/^(CERT_|DEPTH_|UNABLE_|SELF_SIGNED|ERR_TLS_CERT|HOSTNAME)/.test(code)) return [`${where}: its certificate is not trusted (${code})`, '--insecure takes any certificate; NODE_EXTRA_CA_CERTS=FILE names an authority of yours'];
  if (tls && /NO_APPLICATION_PROTOCOL/.test(`${code} ${message}`)) return [`${where} speaks HTTP/2 only (ALPN), and the load of a drill is HTTP/1.1`, 'let it offer http/1.1, too'];
  if (tls && /^(EPROTO|ERR_SSL|ERR_TLS)/.test(code)) return [`${where}: TLS failed (${code}): ${message.split('\n')[0]}`, 'is it plain HTTP? use http://'];
  return [`${where}: ${code || message}`];
}
