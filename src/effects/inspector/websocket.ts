/** The inspector of a Node process over its WebSocket. Loaded only when one is attached to. */
import { type Endpoint, openStream } from './transport.ts';
import type { Wire } from './wire.ts';

/** What a target may answer at once: it is hostile, or large. */
const MOST_BYTES = 48 * 1024 * 1024;

/** Rejects with the reason when there is no inspector, or it does not answer in time. */
export async function openWebSocket(url: string, endpoint: Endpoint, timeoutMs: number): Promise<Wire> {
  const { WebSocket } = await import('ws');
  return await new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      // The URL names a path; where it leads is ours to say. The types want a socket, and any stream will do.
      createConnection: () => openStream(endpoint) as never,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: MOST_BYTES,
      handshakeTimeout: timeoutMs,
    });
    let why = 'the connection was closed';
    socket.once('open', () =>
      resolve({
        send: (text) => socket.send(text),
        onMessage: (listener) => void socket.on('message', (data) => listener(String(data))),
        onEnd: (listener) => void socket.once('close', () => listener(why)),
        close: () => socket.terminate(),
      }),
    );
    socket.on('error', (error) => {
      why = error.message;
      reject(error);
    });
    socket.once('close', () => reject(new Error(why)));
  });
}
