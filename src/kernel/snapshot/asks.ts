/** sock_diag in network namespaces that are not ours. */
import type { Answer, DiagFamily, DiagSocket, Evidence } from '../../evidence/types.ts';
import type { SocketTable } from '../types.ts';
import type { SnapshotOptions } from './options.ts';

/** Asks in the namespace of a table that is not ours. A tape is not asked so, nor made so: there it is asked of listeners only, later. */
export function asksOf(evidence: Evidence, { via }: Pick<SocketTable, 'via'>, { everything }: Pick<SnapshotOptions, 'everything'>): Asks | undefined {
  const { network } = evidence;
  return evidence.origin === 'live' && !everything && network && via !== undefined ? (family) => network.sockDiagOf(via, family) : undefined;
}

export type Asks = (family: DiagFamily) => Answer<DiagSocket[]>;
