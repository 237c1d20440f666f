/** Was every planted fault found, and with the number that was planted? */
import type { FdsData } from '../fds/index.ts';
import type { Finding } from '../report/index.ts';
import { type Planted, UPLOADS } from './protocol.ts';

export interface PlantedFault {
  fault: string;
  /** The finding that speaks of it; without one it is a group of the view: one look cannot call it a leak. */
  finding?: string;
  planted: number;
  found: number;
  ok: boolean;
}

type Seen = Pick<FdsData, 'groups' | 'limit'>;

/** One row per planted fault, in the order of the report. */
export function checkPlanted(planted: Planted, findings: readonly Finding[], data: Seen): PlantedFault[] {
  const rows: Omit<PlantedFault, 'ok'>[] = [
    {
      fault: 'connections closed by the client only',
      finding: 'socket/close-wait',
      planted: planted.closeWait,
      found: evidenceOf(findings, 'socket/close-wait', 'in CLOSE_WAIT'),
    },
    { fault: 'log deleted while it is open', finding: 'fd/deleted-file', planted: 1, found: deletedLogs(planted, findings) },
    {
      fault: 'opens of one configuration file',
      finding: 'fd/duplicates',
      planted: planted.configOpens,
      found: evidenceOf(findings, 'fd/duplicates', 'descriptors of one file'),
    },
    { fault: 'files of unfinished uploads', planted: planted.uploads, found: uploads(data) },
  ];
  if (planted.softLimit !== undefined) {
    const found = findings.some(({ id }) => id === 'fd/near-limit') ? (data.limit.soft ?? 0) : 0;
    rows.unshift({ fault: 'limit that is nearly used up', finding: 'fd/near-limit', planted: planted.softLimit, found });
  }
  return rows.map((row) => ({ ...row, ok: row.found === row.planted }));
}

/** A number of the evidence, over all findings of one id. */
function evidenceOf(findings: readonly Finding[], id: string, name: string): number {
  const items = findings.filter((finding) => finding.id === id).flatMap(({ evidence }) => evidence.filter((item) => item.name === name));
  return items.reduce((sum, { value }) => sum + Number(value), 0);
}

/** The log counts only with all of its space: a name that says "(deleted)" proves little. */
function deletedLogs(planted: Planted, findings: readonly Finding[]): number {
  const id = 'fd/deleted-file';
  return evidenceOf(findings, id, 'allocated space') >= planted.deletedLogBytes ? evidenceOf(findings, id, 'deleted files held open') : 0;
}

function uploads({ groups }: Seen): number {
  return groups.filter(({ kind, key }) => kind === 'file' && key.includes(`/${UPLOADS}/`)).reduce((sum, { count }) => sum + count, 0);
}
