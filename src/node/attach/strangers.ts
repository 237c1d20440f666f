import type { Evidence } from '../../evidence/types.ts';
import { type Listener, readDescriptors } from '../listeners.ts';
import type { Session } from './session.ts';

/** How many are connected to the inspector beside us and others of us: debuggers. */
export function strangersAt(evidence: Evidence, pid: number, { port }: Listener, session: Session): () => Promise<number> {
  return async () => {
    const { others } = await session.renew();
    const { established } = await readDescriptors(evidence, pid);
    return Math.max(0, (established.get(port) ?? 0) - 1 - others);
  };
}
