/** Sends a body by POST to one host; redirects are not followed. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { UserError } from '../kernel/user-error.ts';

const TIMEOUT_MS = 10_000;

/** `http://host:4318`, also with a path of its own. Throws UserError. */
export function parseOtlpUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UserError(`--otlp: ${text} is no URL (use http://HOST:4318)`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new UserError(`--otlp: ${text} is neither http nor https`);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1/metrics';
  return url;
}

/** Resolves when it was accepted; rejects with a message for people. */
export function post(url: URL, body: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(why));
    const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
    // One connection each: a pool would hold what is long gone.
    const request = ask(url, { method: 'POST', agent: false, timeout: TIMEOUT_MS, signal, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'User-Agent': 'reloadctl' } }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) resolve();
      else fail(`it answers ${statusCode}`);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    request.end(body);
  });
}
