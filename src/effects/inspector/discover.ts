/** GET /json/list of an inspector, by hand: two short texts, over whatever reaches the port. */
import { type Endpoint, openStream } from './transport.ts';

const MOST_BYTES = 64 * 1024;

export interface InspectorTarget {
  webSocketDebuggerUrl: string;
}

/** Undefined when what listens there is no inspector, or says nothing in time. */
export function discover(endpoint: Endpoint, timeoutMs: number): Promise<InspectorTarget | undefined> {
  return new Promise((resolve) => {
    const stream = openStream(endpoint);
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (target?: InspectorTarget): void => {
      clearTimeout(timer);
      stream.destroy();
      resolve(target);
    };
    const timer = setTimeout(finish, timeoutMs);
    const look = (): void => {
      const target = parseReply(Buffer.concat(chunks).toString('utf8'));
      if (target) finish(target);
    };
    stream.on('error', () => finish());
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BYTES) finish();
      else look();
    });
    stream.on('close', () => finish());
    stream.write(`GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:${endpoint.port}\r\nConnection: close\r\n\r\n`);
  });
}

/** The first target of a whole reply. Its URL is used for its path only: where we connect to, we know. */
export function parseReply(text: string): InspectorTarget | undefined {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (!/^HTTP\/1\.[01] 200 /.test(text) || !body.includes(']')) return undefined;
  try {
    const list: unknown = JSON.parse(body);
    const url: unknown = Array.isArray(list) ? (list[0] as { webSocketDebuggerUrl?: unknown } | undefined)?.webSocketDebuggerUrl : undefined;
    return typeof url === 'string' && /^ws:\/\/[^/\s]+\/[\w/-]+$/.test(url) ? { webSocketDebuggerUrl: url } : undefined;
  } catch {
    return undefined;
  }
}
