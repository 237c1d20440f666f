/** What a scraper connects to. It answers GET /metrics and nothing else of interest. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { UserError } from '../kernel/user-error.ts';
import { CONTENT_TYPES, type Dialect, dialectOf } from './text-format.ts';

export interface Address {
  host: string;
  port: number;
}

/** Who connects and says nothing is let go. */
const HEADERS_MS = 5000;
const REQUEST_MS = 10_000;
const MOST_CONNECTIONS = 64;

const PAGE = '<!doctype html><title>reloadctl exporter</title><p><a href="/metrics">/metrics</a></p>\n';

/** Resolves once it listens. @param metrics the text of a collection @throws UserError (exit 2) when it cannot listen there */
export async function serve(address: Address, metrics: (dialect: Dialect) => Promise<string>): Promise<Server> {
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, (request, response) => void answer(request, response, metrics));
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refused(address, error)));
    server.listen(address.port, address.host, resolve);
  });
  return server;
}

/** The address it got: with port 0 the kernel chooses. */
export function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return String(address);
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

async function answer({ method, url = '/', headers }: IncomingMessage, response: ServerResponse, metrics: (dialect: Dialect) => Promise<string>): Promise<void> {
  const path = url.split('?')[0];
  const say = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'X-Content-Type-Options': 'nosniff' });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return say(405, 'text/plain', 'GET /metrics\n');
  }
  if (path === '/') return say(200, 'text/html; charset=utf-8', PAGE);
  if (path !== '/metrics') return say(404, 'text/plain', 'GET /metrics\n');
  const dialect = dialectOf(headers.accept);
  try {
    const text = await metrics(dialect);
    say(200, CONTENT_TYPES[dialect], text);
  } catch (error) {
    say(500, 'text/plain; charset=utf-8', `could not collect: ${(error as Error).message}\n`);
  }
}

function refused({ host, port }: Address, { code, message }: NodeJS.ErrnoException): UserError {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (code === 'EADDRINUSE') return new UserError(`${where} is taken: another program listens there`, { hints: [`reloadctl listen :${port}   # who`] });
  if (code === 'EACCES') return new UserError(`${where}: not permitted to listen there (ports below 1024 need CAP_NET_BIND_SERVICE)`);
  if (code === 'EADDRNOTAVAIL') return new UserError(`${host} is no address of this host`);
  return new UserError(`${where}: ${message}`);
}
