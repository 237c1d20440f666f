/** The guide names every metric, with its type and what it tells, and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Collection } from '../../src/exporter/collect.ts';
import { Growth } from '../../src/exporter/growth.ts';
import { metricsOf } from '../../src/exporter/metrics.ts';
import { finding } from '../render/support.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/guides/exporter.md'), 'utf8');
const amount = { used: 1, limit: 2 };
const something: Collection = {
  census: { services: [{ service: 's', processes: 1, open: 1, highest: 1, ratio: 1, kinds: new Map([['file', 1]]) }], rows: [], serviceOf: new Map(), unseen: 0 },
  queues: [{ service: 's', port: 1, queue: 1, backlog: 1, neverAccepted: 0 }], users: [{ userns: '1', uid: 0, instances: amount, watches: amount }], goroutines: new Map([['s', 1]]), openFiles: { allocated: 1, max: 2 },
  findings: [finding({})], coverage: [{ source: 'x', status: 'denied', needed: false }],
};
const families = metricsOf(something, new Growth(), { at: 0, durationSeconds: 0, cpuSeconds: 0, memoryBytes: 0, collections: 0 });
const rows = [...page.matchAll(/^\| `(reloadctl_\w+)(?:\{([\w, ]*)\})?` \| (gauge|counter) \| (.*) \|$/gm)].map(([, name = '', labels = '', type, help]) => ({ name, labels, type, help }));

describe('the guide of the exporter', () => {
  it('has a row for each metric, as scrapers are told of it', () => {
    expect(rows.map(({ name, type, help }) => ({ name, type, help }))).toEqual(families.map(({ name, type, help }) => ({ name: type === 'counter' ? `${name}_total` : name, type, help })));
  });

  it('names the labels that samples have', () => {
    for (const { samples, name } of families) {
      const labels = rows.find((row) => row.name.replace(/_total$/, '') === name)?.labels;
      for (const sample of samples) expect(Object.keys(sample.labels).join(', ')).toBe(labels);
    }
  });
});
