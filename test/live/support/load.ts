/** A bounded HTTP load on a loopback port: clients that keep their connection, and clients that come and go. */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadOptions {
  port: number;
  path?: string;
  /** Clients that keep their connection; default 10, 100 at most. */
  keepAlive?: number;
  /** Clients that connect anew for each request; default 2, 20 at most. */
  fresh?: number;
  /** Pause of a client between two requests; default 5. */
  pauseMs?: number;
  /** Default 2,000; 60,000 at most. */
  durationMs?: number;
}

export interface LoadResult {
  answered: number;
  /** Message of each failed request. */
  errors: string[];
  durationMs: number;
}

function ask(options: LoadOptions, agent: Agent | false): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port: options.port, path: options.path ?? '/', agent, timeout: 10_000 }, (response) => {
      response.on('error', reject).on('end', resolve).resume();
    });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer in 10 s')));
  });
}

export interface Load {
  /** Requests answered so far. */
  answered(): number;
  /** Ends it early (or waits for nothing when it is over) and closes all connections. */
  stop(): Promise<LoadResult>;
}

/** Starts the load and returns; it ends by itself after `durationMs`. */
export function startLoad(options: LoadOptions): Load {
  const started = performance.now();
  const end = started + Math.min(options.durationMs ?? 2_000, 60_000);
  const agents: Agent[] = [];
  const errors: string[] = [];
  let answered = 0;
  let stopped = false;

  const client = async (agent: Agent | false): Promise<void> => {
    while (!stopped && performance.now() < end) {
      try {
        await ask(options, agent);
        answered++;
      } catch (error) {
        errors.push(String(error));
      }
      await sleep(options.pauseMs ?? 5);
    }
  };
  const keeping = Array.from({ length: Math.min(options.keepAlive ?? 10, 100) }, () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    return client(agent);
  });
  const coming = Array.from({ length: Math.min(options.fresh ?? 2, 20) }, () => client(false));
  const all = Promise.all([...keeping, ...coming]).then(() => {
    for (const agent of agents) agent.destroy();
    return { answered, errors, durationMs: performance.now() - started };
  });
  const stop = (): Promise<LoadResult> => {
    stopped = true;
    return all;
  };
  return { answered: () => answered, stop };
}

/** Runs the load to its end. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const load = startLoad(options);
  await sleep(options.durationMs ?? 2_000);
  return load.stop();
}
