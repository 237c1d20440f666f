/** HTTP questions to endpoints the user names: one host, limits of size and time, no cookies, no proxies, GET only. */
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';

export interface Endpoint {
  /** `http:` and `https:` URLs; for a unix socket `http://localhost` and the socket's path beside it. */
  origin: string;
  socketPath?: string;
  headers: Readonly<Record<string, string>>;
  tls?: { ca?: string; cert?: string; key?: string; insecure?: boolean };
}

export interface HttpLimits {
  /** For everything: connecting, waiting, reading. */
  timeoutMs: number;
  mostBytes: number;
  signal?: AbortSignal;
}

export type HttpProblem = 'refused' | 'timeout' | 'redirect' | 'tls' | 'size' | 'protocol' | 'stopped';

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly problem: HttpProblem;

  constructor(problem: HttpProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

export interface HttpAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Throws HttpError: `size`, `timeout`, `protocol` (it ended too early). */
  body: AsyncGenerator<Buffer>;
  /** The body up to so many bytes, as latin1; the rest is not waited for. */
  text(most: number): Promise<string>;
  /** Closes the connection; what was not read is not wanted. */
  discard(): void;
}

const MOST_REDIRECTS = 3;

/** @param path with its query @throws HttpError */
export async function httpGet(endpoint: Endpoint, path: string, limits: HttpLimits): Promise<HttpAnswer> {
  const deadline = Date.now() + limits.timeoutMs;
  let target = new URL(path, endpoint.origin);
  for (let redirects = 0; ; redirects++) {
    const answer = await once(endpoint, target, { ...limits, timeoutMs: Math.max(1, deadline - Date.now()) }, limits.timeoutMs);
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status > 399 || typeof location !== 'string') return answer;
    answer.discard();
    const next = urlOf(location, target);
    // Credentials were meant for this host, and so was the question.
    if (!next || next.origin !== target.origin) throw new HttpError('redirect', `it redirects to another host (${next ? next.origin : location}), which is not followed`);
    if (redirects >= MOST_REDIRECTS) throw new HttpError('redirect', `it redirects more than ${MOST_REDIRECTS} times`);
    target = next;
  }
}

function urlOf(text: string, base: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** @param wholeMs the limit for all redirects together, for people */
async function once(endpoint: Endpoint, target: URL, limits: HttpLimits, wholeMs: number): Promise<HttpAnswer> {
  const options: RequestOptions & NonNullable<Endpoint['tls']> = {
    method: 'GET',
    path: `${target.pathname}${target.search}`,
    headers: { 'User-Agent': 'reloadctl', Accept: '*/*', 'Accept-Encoding': 'identity', ...endpoint.headers },
    agent: false,
    ...(endpoint.socketPath === undefined ? { hostname: target.hostname.replace(/^\[|\]$/g, ''), port: target.port } : { socketPath: endpoint.socketPath }),
  };
  const secure = target.protocol === 'https:';
  if (secure) {
    const { ca, cert, key, insecure } = endpoint.tls ?? {};
    Object.assign(options, { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: !insecure });
  }
  const start = secure ? (await import('node:https')).request : httpRequest;
  const late = (): HttpError => new HttpError('timeout', `it did not answer in full within ${wholeMs >= 1000 ? `${Math.round(wholeMs / 1000)} s` : `${wholeMs} ms`}`);
  return new Promise((resolve, reject) => {
    let request: ClientRequest;
    try {
      request = start(options);
    } catch (error) {
      // Certificates and keys are looked at before anything is sent.
      reject(secure ? new HttpError('tls', `the certificate or key cannot be used (${(error as Error).message})`) : error);
      return;
    }
    let failure: HttpError | undefined;
    const stop = (error: HttpError): void => {
      failure ??= error;
      request.destroy(error);
    };
    const timer = setTimeout(() => stop(late()), limits.timeoutMs);
    const onAbort = (): void => stop(new HttpError('stopped', 'stopped by a signal'));
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    const done = (): void => {
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', onAbort);
    };
    if (limits.signal?.aborted) onAbort();
    request.on('error', (error) => {
      done();
      reject(failure ?? asHttpError(error));
    });
    request.on('response', (response) => {
      const body = bodyOf(response, limits.mostBytes, () => failure, done, () => request.destroy());
      const discard = (): void => {
        done();
        response.on('error', () => undefined);
        request.destroy();
      };
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body, text: (most) => textOf(body, most), discard });
    });
    request.end();
  });
}

async function* bodyOf(response: IncomingMessage, most: number, failure: () => HttpError | undefined, done: () => void, drop: () => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > most) throw new HttpError('size', `its answer is longer than ${Math.round(most / 1024 / 1024)} MiB`);
      yield chunk;
    }
    // A body without a length ends with its connection, and that ends when we give up, too.
    const broken = failure();
    if (broken) throw broken;
  } catch (error) {
    throw failure() ?? (error instanceof HttpError ? error : asHttpError(error as Error));
  } finally {
    done();
    drop();
  }
}

async function textOf(body: AsyncGenerator<Buffer>, most: number): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString('latin1');
    if (text.length >= most) return text.slice(0, most);
  }
  return text;
}

function asHttpError(error: Error): HttpError {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO)/.test(code)) return new HttpError('tls', `the TLS connection failed (${code})`);
  const words: Record<string, string> = {
    ECONNREFUSED: 'nobody listens there (connection refused)',
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'the host name cannot be looked up now',
    ECONNRESET: 'the connection was cut',
    ENOENT: 'there is no such socket',
    EACCES: 'the socket may not be opened (EACCES)',
    EHOSTUNREACH: 'the host cannot be reached',
    ENETUNREACH: 'the network cannot be reached',
    ETIMEDOUT: 'the host does not answer',
  };
  const isReply = code.startsWith('HPE_') || code === 'ECONNRESET';
  return new HttpError(isReply ? 'protocol' : 'refused', words[code] ?? (code.startsWith('HPE_') ? 'what it answers is not HTTP' : `${error.message || code}`));
}
