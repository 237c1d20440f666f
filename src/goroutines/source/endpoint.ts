/** A pprof endpoint as the user names it, with what it takes to be let in. */
import { type Endpoint, type HttpAnswer, HttpError, httpGet } from '../../evidence/index.ts';
import { type Access, basicOf, headersOf, tlsOf } from '../../kernel/access.ts';
import { UserError } from '../../kernel/user-error.ts';
import { isHarmless, withoutSecrets } from '../../kernel/without-secrets.ts';

export interface PprofEndpoint {
  http: Endpoint;
  /** Path of the index, with a slash at its end. */
  base: string;
  /** The user named one profile: exactly that is asked for. */
  exact?: string;
  /** As typed, without user, password and what parameters hold. */
  shown: string;
  /** Parameters that go with each question and are never shown: a token may be among them. */
  secrets?: string;
  /** `api:6060`. */
  label: string;
}

const USUAL = '/debug/pprof/';

export function isEndpoint(spec: string): boolean {
  return /^(https?|unix):/i.test(spec) || BARE.test(spec);
}

/** What everybody types: `localhost:6060`. Other words before a colon may be names of processes. */
const BARE = /^(localhost|\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\]):\d{1,5}(\/|$)/i;

/** Throws UserError for what is no URL, or names a secret that is not there. */
export async function endpointOf(spec: string, access: Access): Promise<PprofEndpoint> {
  const headers = await headersOf(access);
  const tls = await tlsOf(access);
  if (/^unix:/i.test(spec)) {
    // A path of HTTP behind the socket's: unix:/run/app.sock:/admin/debug/pprof/.
    const [, socketPath = '', path] = /^unix:(?:\/\/(?=\/))?(.*?)(?::(\/.*))?$/i.exec(spec) ?? [];
    if (socketPath === '') throw new UserError('unix: needs the path of a socket: unix:/run/app.sock');
    return { http: { origin: 'http://localhost', socketPath, headers }, base: path === undefined ? USUAL : path.endsWith('/') ? path : `${path}/`, shown: `unix:${socketPath}`, label: socketPath };
  }
  const url = parsed(BARE.test(spec) ? `http://${spec}` : spec);
  const basic = basicOf(url);
  if (basic !== undefined) {
    if (headers.authorization !== undefined) throw new UserError(`${withoutSecrets(spec)}: give a user and password, or another authorization, not both`);
    headers.authorization = basic;
    url.username = url.password = '';
  }
  const { origin, pathname } = url;
  const [asked, secrets] = parametersOf(url);
  const exact = /\/(goroutine|goroutineleak|heap|allocs|threadcreate|vars)$/.test(pathname);
  const base = exact ? pathname.replace(/[^/]*$/, '') : pathname === '/' ? USUAL : pathname.endsWith('/') ? pathname : `${pathname}/`;
  return { http: { origin, headers, tls }, base, shown: withoutSecrets(url.href), label: url.host, ...(exact && { exact: `${pathname}${asked}` }), ...(secrets !== '' && { secrets }) };
}

/** `?debug=2`, and what may be a secret: `token=...`. */
function parametersOf({ search }: URL): [asked: string, secrets: string] {
  const words = search.slice(1).split('&').filter((word) => word !== '');
  const isAsked = (word: string): boolean => isHarmless(word.split('=', 1)[0]!);
  const asked = words.filter(isAsked).join('&');
  return [asked === '' ? '' : `?${asked}`, words.filter((word) => !isAsked(word)).join('&')];
}

function parsed(spec: string): URL {
  try {
    return new URL(spec);
  } catch {
    throw new UserError(`not a URL: ${withoutSecrets(spec)}`, { hints: ['reloadctl goroutines http://127.0.0.1:6060'] });
  }
}

export interface AskLimits {
  timeoutMs: number;
  mostBytes: number;
  signal?: AbortSignal;
}

/** Throws UserError (exit 3) for what refuses or does not answer; other statuses than 200 come back. */
export async function ask({ http, shown, secrets }: PprofEndpoint, path: string, limits: AskLimits): Promise<HttpAnswer> {
  try {
    const answer = await httpGet(http, secrets === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${secrets}`, limits);
    if (answer.status === 401 || answer.status === 403) {
      answer.discard();
      throw new UserError(`${shown}: it wants to know who asks (HTTP ${answer.status})`, {
        exitCode: 3,
        hints: ['give it a token: --bearer-env NAME or --bearer-file FILE; other headers: --header-env NAME, --header-file FILE'],
      });
    }
    return answer;
  } catch (error) {
    throw cannotLook(error, shown);
  }
}

/** A problem of the connection as a message for the user; anything else as it is. */
export function cannotLook(error: unknown, shown: string): unknown {
  if (!(error instanceof HttpError)) return error;
  const hints = error.problem === 'tls' ? ['--cacert FILE names certificates to trust, --cert and --key what we show of ourselves; --insecure checks nothing'] : [];
  return new UserError(`${shown}: ${error.message}`, { exitCode: 3, hints });
}
