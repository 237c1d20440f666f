/** An HTTP endpoint of the user's own: asked by GET, never at another host, with limits of size and time. */
import { type Endpoint, HttpError, type HttpLimits, httpGet } from '../../evidence/index.ts';
import { type Access, basicOf, headersOf, tlsOf } from '../../kernel/access.ts';
import { UserError } from '../../kernel/user-error.ts';
import { withoutSecrets } from '../../kernel/without-secrets.ts';
import type { CoverageStatus } from '../../report/index.ts';

export interface NamedEndpoint {
  http: Endpoint;
  /** Path, without a slash at its end. */
  path: string;
  /** With its question mark; may hold a token. */
  search: string;
  /** As typed, without user, password and what parameters hold. */
  shown: string;
}

/** @param what the option or key it is from @throws UserError for what is no URL, or a secret that is not there */
export async function endpointOf(what: string, text: string, access: Access): Promise<NamedEndpoint> {
  const url = urlOf(/^(localhost|[\w-]+(\.[\w-]+)+|\[[\da-f:.]+\]):\d{1,5}(\/|$)/i.test(text) ? `http://${text}` : text);
  // What it is instead is not shown: a password may be in it.
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new UserError(`${what}: a URL is needed, http://HOST:PORT or https://HOST`);
  const [headers, tls, basic] = [await headersOf(access), await tlsOf(access), basicOf(url)];
  if (basic !== undefined && headers.authorization !== undefined) throw new UserError(`${what}: give a user and password, or another authorization, not both`);
  if (basic !== undefined) headers.authorization = basic;
  return { http: { origin: url.origin, headers, tls }, path: url.pathname.replace(/\/+$/, ''), search: url.search, shown: withoutSecrets(text) };
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

export interface Reply {
  status: number;
  text: string;
}

export class CannotAsk extends Error {
  override readonly name = 'CannotAsk';
  readonly status: CoverageStatus;
  readonly fix: string | undefined;

  constructor(message: string, status: CoverageStatus, fix?: string) {
    super(message);
    this.status = status;
    this.fix = fix;
  }
}

/** The whole answer, whatever its status. @throws CannotAsk */
export async function askFor({ http }: NamedEndpoint, path: string, limits: HttpLimits): Promise<Reply> {
  try {
    const answer = await httpGet(http, path, limits);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    if (answer.status === 401 || answer.status === 403) throw new CannotAsk(`it wants to know who asks (HTTP ${answer.status})`, 'denied', '--bearer-env NAME or --bearer-file FILE, --header-env NAME, --header-file FILE');
    return { status: answer.status, text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const status: CoverageStatus = error.problem === 'timeout' ? 'timeout' : error.problem === 'tls' ? 'denied' : 'absent';
    throw new CannotAsk(error.message, status, error.problem === 'tls' ? '--cacert FILE names certificates to trust; --insecure checks nothing' : undefined);
  }
}
