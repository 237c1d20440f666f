/** From what the user typed to an address that is asked. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { UserError } from '../../kernel/user-error.ts';
import type { Endpoint } from './types.ts';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i;

/** All addresses of a URL, in the order of the resolver. @throws UserError */
export async function endpointsOf(option: string, text: string, { method, insecure }: { method: string; insecure: boolean }): Promise<Endpoint[]> {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw new UserError(`${option}: ${JSON.stringify(text)} is no URL`, { hints: [`${option} http://127.0.0.1:8080/`] });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new UserError(`${option}: ${url.protocol}// is not spoken here, only http:// and https://`, { hints: url.protocol === 'tcp:' ? [`--tcp ${url.host}`] : ['--tcp HOST:PORT for other protocols'] });
  if (url.username !== '' || url.password !== '') throw new UserError(`${option}: credentials in a URL are not sent; leave them out`);
  const isTls = url.protocol === 'https:';
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (isTls ? 443 : 80));
  return (await addressesOf(option, name)).map((address) => ({
    label: `${url.origin}${url.pathname}`,
    address,
    port,
    isLoopback: LOOPBACK.test(address),
    http: { host: url.host, path: `${url.pathname}${url.search}`, method },
    ...(isTls && { tls: { ...(isIP(name) === 0 && { servername: name }), insecure } }),
  }));
}

/** `ws://`, `wss://`, or what `--http` takes. @throws UserError */
export async function webSocketEndpointsOf(text: string, insecure: boolean): Promise<Endpoint[]> {
  const endpoints = await endpointsOf('--websocket', text.replace(/^ws(?=s?:\/\/)/i, 'http'), { method: 'GET', insecure });
  return endpoints.map((endpoint) => ({ ...endpoint, label: endpoint.label.replace(/^http/, 'ws') }));
}

/** `host:port`. @throws UserError */
export async function plainEndpointsOf(text: string, send: string | undefined): Promise<Endpoint[]> {
  const [, name, digits] = /^(?:tcp:\/\/)?(\[[^\]]+\]|[^:/]*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (name === undefined || port < 1 || port > 65_535) throw new UserError(`--tcp: ${JSON.stringify(text)} is not HOST:PORT`, { hints: ['--tcp 127.0.0.1:6379'] });
  const host = name === '' ? '127.0.0.1' : name.replace(/^\[|\]$/g, '');
  const bytes = send === undefined ? undefined : Buffer.from(unescaped(send), 'latin1');
  return (await addressesOf('--tcp', host)).map((address) => ({ label: `tcp ${host}:${port}`, address, port, isLoopback: LOOPBACK.test(address), ...(bytes && { send: bytes }) }));
}

/** `\r\n` as one types it in a shell. */
export function unescaped(text: string): string {
  const known: Record<string, string> = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' };
  return text.replace(/\\(x[\da-f]{2}|[rnt0\\])/gi, (_all, code: string) => (code.length > 1 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : known[code]!));
}

async function addressesOf(option: string, name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new UserError(`${option}: the name ${name} has no address (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, { exitCode: 3 });
  }
}
