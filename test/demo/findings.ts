import type { Planted } from '../../src/demo/protocol.ts';
import type { Finding } from '../../src/report/index.ts';

export const planted: Planted = { port: 8080, closeWait: 40, uploads: 60, deletedLogBytes: 20_971_520, configOpens: 12, softLimit: 140 };

/** A finding with numbers in its evidence, by name. */
export function finding(id: string, evidence: Record<string, number>): Finding {
  return {
    id,
    severity: 'warning',
    confidence: 'likely',
    because: 'seen',
    title: id,
    subject: { kind: 'process', key: id },
    remedy: [],
    fingerprint: '0'.repeat(16),
    evidence: Object.entries(evidence).map(([name, value]) => ({ name, value, source: '/proc/1/fd' })),
  };
}

/** What a look finds when it finds everything. */
export function allFindings(): Finding[] {
  return [
    finding('fd/near-limit', { 'open descriptors': 133 }),
    finding('socket/close-wait', { 'in CLOSE_WAIT': 40, 'end of stream read, descriptor kept': 40 }),
    finding('fd/deleted-file', { 'deleted files held open': 1, 'allocated space': 20_975_616 }),
    finding('fd/duplicates', { 'descriptors of one file': 12 }),
  ];
}

export function group(kind: string, key: string, count: number) {
  return { kind, key, count, share: 0.1, flagsRead: count, withoutCloexec: 0, deleted: 0, examples: [], otherEnds: [] };
}

export const seen = {
  limit: { soft: 140, hard: 20_000 },
  groups: [group('file', '/tmp/reloadctl-demo-x/uploads/upload-*.part', 60), group('socket', 'tcp', 40)],
};
