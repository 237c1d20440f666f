/** Before any load: does a WebSocket open there? */
import { UserError } from '../../../kernel/user-error.ts';
import type { Endpoint } from '../types.ts';
import { WebSocketConnection } from './connection.ts';

/** The first of these that opens. @throws UserError (exit 3) with what is wrong */
export async function firstThatOpens(endpoints: readonly Endpoint[], timeoutMs: number): Promise<Endpoint> {
  let first: string | undefined;
  for (const endpoint of endpoints) {
    const problem = await problemOf(endpoint, timeoutMs);
    if (problem === undefined) return endpoint;
    first ??= `${endpoint.label} (${endpoint.address}, port ${endpoint.port}): no WebSocket: ${problem}`;
  }
  throw new UserError(first!, { exitCode: 3, hints: ['--websocket names the path, too: ws://127.0.0.1:8080/socket'] });
}

function problemOf(endpoint: Endpoint, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const one = new WebSocketConnection(endpoint, timeoutMs, {
      onEnded: ({ result }) => {
        if (result.what === 'failed') resolve(result.class === 'status' ? `answered ${result.detail}` : `${result.class} (${result.detail})`);
        else if (result.what === 'own') resolve(result.code);
        else {
          one.close();
          resolve(undefined);
        }
      },
      onEnd: () => undefined,
    });
  });
}
