/** An HTTP server that answers as a test wants it to, and remembers what it was asked. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

const servers = new Set<Server>();

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

export interface Served {
  url: string;
  port: number;
  asked: { url: string; headers: Record<string, unknown> }[];
}

/** @param at a path of a unix socket; else a port of loopback */
export async function serve(answer: RequestListener, at?: string): Promise<Served> {
  const asked: Served['asked'] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    answer(request, response);
  });
  servers.add(server);
  await new Promise<void>((resolve) => (at === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(at, resolve)));
  const port = at === undefined ? (server.address() as AddressInfo).port : 0;
  return { url: `http://127.0.0.1:${port}`, port, asked };
}

/** The index of net/http/pprof. */
export function indexPage(goroutines: number, ...more: string[]): string {
  const rows = ['heap', ...more].map((name) => `<tr><td>1</td><td><a href='${name}?debug=1'>${name}</a></td></tr>`).join('\n');
  return `<html><title>/debug/pprof/</title><table>\n<tr><td>${goroutines}</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>\n${rows}</table></html>`;
}

/** Answers as net/http/pprof does: index, then dumps by path. */
export function pprofAnswers(goroutines: number, dumps: Record<string, Buffer | string>, ...profiles: string[]): RequestListener {
  return (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://x');
    const name = pathname.replace(/^\/debug\/pprof\//, '');
    if (pathname === '/debug/pprof/') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(indexPage(goroutines, ...profiles));
      return;
    }
    const body = dumps[`${name}${search}`];
    if (body === undefined) response.writeHead(404).end('Unknown profile\n');
    else response.end(body);
  };
}
