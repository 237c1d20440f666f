import { expect, it } from 'vitest';
import { lessNeeded, mergeCoverage, mergeFindings } from '../../src/incident/merge.ts';
import type { Coverage } from '../../src/report/index.ts';
import { finding } from '../render/support.ts';

const line = (source: string, status: Coverage['status'], needed = false): Coverage => ({ source, status, needed });

it('what two parts found in the same thing is told once, the worse of them, worst first', () => {
  const [info, warning] = [finding({ severity: 'info' }), finding({ severity: 'warning' })];
  const other = finding({ id: 'fd/near-limit', severity: 'critical', fingerprint: 'f2' });
  const elsewhere = finding({ severity: 'info', subject: { kind: 'fd-group', key: 'tcp', pid: 7 } });
  expect(mergeFindings([[info, elsewhere], [warning], [other]])).toEqual([other, warning, elsewhere]);
});

it('of one source the worst look counts, and what anybody needs of it is needed', () => {
  expect(mergeCoverage([[line('a', 'ok', true), line('b', 'partial')], [line('a', 'denied'), line('b', 'ok', true), line('c', 'absent')]])).toEqual([line('a', 'denied', true), line('b', 'partial'), line('c', 'absent')]);
});

it('needed is what every process has: descriptors, and being there to the end', () => {
  expect(lessNeeded([line('fd table', 'denied', true), line('system calls', 'denied', true), line('processes', 'absent', true)])).toEqual([line('fd table', 'denied', true), line('system calls', 'denied'), line('processes', 'absent', true)]);
});
