/** Files, numbers and limits with a fault: the count that was made is the count that is told. */
import { expect, it } from 'vitest';
import { alarmsOf, countOf, evidenceOf, findingOf, look } from '../cli/support/look.ts';
import { statusValue } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { startFactory } from './support/program.ts';

const MIB = 1024 * 1024;
const NO_NATIVE = { env: { RELOADCTL_NO_NATIVE: '1' } };

describeNeeds(['python3'], 'deleted files', () => {
  it('20 MiB in two files, with empty ones and what only looks deleted beside them', async () => {
    const lookalikes = ['deleted-linked=2:size=1048576', 'really-named-deleted=3', 'memfd=2:size=33554432', 'files=3:plain-{}.txt'];
    const { pid, truth, stop } = await startFactory([`deleted=2:size=${10 * MIB}`, 'replaced=2', `tmpfile=1:size=${MIB}`, ...lookalikes]);
    for (const options of [{}, NO_NATIVE]) {
      const looked = await look([pid], options);
      const finding = findingOf(looked, 'fd/deleted-file');
      expect(finding).toMatchObject({ severity: 'warning', confidence: 'certain' });
      expect(evidenceOf(finding, 'deleted files held open')).toBe(3);
      expect(evidenceOf(finding, 'allocated space')).toBe(21 * MIB);
      expect(evidenceOf(finding, 'largest')).toBe(10 * MIB);
      expect(evidenceOf(finding, 'of these made without a name (O_TMPFILE)')).toBe(1);
      expect(finding.title).toContain(truth.facts.deleted?.paths?.[0]);
      expect(finding.remedy.map(({ command }) => command)).toContain(`: > /proc/${pid}/fd/${truth.fds.deleted?.[0]}`);
      expect(countOf(looked.report.data, /memfd:cache-/)).toBe(2);
      expect(countOf(looked.report.data, /app-\*\.log \(deleted\)$/)).toBe(2);
      expect(looked.findings).toHaveLength(1);
    }
    await stop();
  });

  it('less than 16 MiB is no alarm', async () => {
    const { pid, stop } = await startFactory([`deleted=3:size=${5 * MIB}`]);
    const looked = await look([pid]);
    expect(findingOf(looked, 'fd/deleted-file').severity).toBe('info');
    await stop();
  });
});

describeNeeds(['python3'], 'numbers', () => {
  it('duplicates, what stays open across exec, a past peak: notes, no alarms', async () => {
    const { pid, truth, stop } = await startFactory(['past-peak=5000', 'dup=8', 'same-file=12', 'nocloexec=13', 'eventfd=30']);
    const looked = await look([pid]);
    expect(alarmsOf(looked)).toEqual([]);
    const duplicates = findingOf(looked, 'fd/duplicates');
    // 8 beside the first one, and 12 opens of one file.
    expect(evidenceOf(duplicates, 'descriptors that repeat another, in all')).toBe(11);
    expect(evidenceOf(findingOf(looked, 'fd/no-cloexec'), 'open across exec')).toBe(13);
    const peak = findingOf(looked, 'fd/past-peak');
    expect(evidenceOf(peak, 'capacity of the table (FDSize)')).toBe(Number(statusValue(pid, 'FDSize')));
    expect(evidenceOf(peak, 'open descriptors')).toBe(truth.open);
    await stop();
  });

  it('a high number explains a large table', async () => {
    const { pid, truth, stop } = await startFactory(['high-fd=2']);
    const looked = await look([pid]);
    expect(looked.findings).toEqual([]);
    expect(looked.report.data.processes[0]?.highest).toBe(Math.max(...(truth.fds['high-fd'] ?? [])));
    await stop();
  });

  it('a thread with a table of its own', async () => {
    const { pid, truth, stop } = await startFactory(['unshared-thread=4', 'pipe']);
    const { tid, fds } = truth.facts['unshared-thread'] ?? {};
    const looked = await look([pid, '--threads']);
    expect(looked.report.data.open).toBe(truth.open);
    expect(looked.report.data.threads?.map((thread) => [thread.tid, thread.table])).toEqual([[pid, 'shared'], [tid, 'own']]);
    const own = looked.report.data.threads?.find((thread) => thread.tid === tid);
    expect(own?.fds?.map(({ fd }) => fd)).toEqual([0, 1, 2, ...(fds ?? [])]);
    await stop();
  });
});

describeNeeds(['python3'], 'the limit', () => {
  it.each([
    ['82 %', ['rlimit=100:200', 'devnull=79'], 82, { severity: 'warning', confidence: 'likely' }],
    ['95 %', ['rlimit=100:200', 'devnull=92'], 95, { severity: 'critical', confidence: 'likely' }],
    ['100 %', ['rlimit=100:200', 'devnull=97'], 100, { severity: 'critical', confidence: 'certain' }],
    ['309 % (lowered below the table)', ['above-limit=306'], 309, { severity: 'critical', confidence: 'certain' }],
  ])('%s used', async (_name, requests, open, judged) => {
    const { pid, truth, stop } = await startFactory(requests);
    const looked = await look([pid]);
    const finding = findingOf(looked, 'fd/near-limit');
    expect(finding).toMatchObject(judged);
    expect(evidenceOf(finding, 'open descriptors')).toBe(open);
    expect(evidenceOf(finding, 'soft limit')).toBe(100);
    expect(looked.report.data).toMatchObject({ open, limit: truth.limit });
    expect(looked.run.code).toBe(judged.severity === 'critical' ? 1 : 0);
    const command = finding.remedy.map((remedy) => remedy.command ?? '').find((text) => text.startsWith('prlimit'));
    expect(command).toMatch(new RegExp(`^prlimit --pid ${pid} --nofile=\\d+:${truth.limit.hard}$`));
    await stop();
  });

  it('79 % is no alarm', async () => {
    const { pid, stop } = await startFactory(['rlimit=100:200', 'devnull=76']);
    expect(alarmsOf(await look([pid]))).toEqual([]);
    await stop();
  });
});
