import type { Evidence } from '../../evidence/types.ts';
import { countConnections, type Listener } from '../listeners.ts';
import type { Session } from './session.ts';

/** How many are connected to the inspector beside us and others of us: debuggers. */
export function strangersAt(evidence: Evidence, pid: number, { port }: Listener, session: Session): () => Promise<number> {
  return async () => {
    const { others } = await session.renew();
    return Math.max(0, (await countConnections(evidence, pid, port)) - 1 - others);
  };
}
