import { highestNumber, openBelow, sizeOf } from '../../kernel/plain-fds.ts';
import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import type { FdTable } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, percent } from '../../report/words.ts';
import { countBelow, type Use } from './limit-use.ts';
import { limitRemedies } from './near-limit-remedy.ts';

const ID = 'fd/near-limit';
const WARNING_RATIO = 0.8;
const CRITICAL_RATIO = 0.9;
/** A limit that cannot even hold standard input, output and error is set on purpose: a sandbox that shall open nothing. */
const SANDBOX_LIMIT = 3;

export const nearLimit = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap(({ tables }) => {
    const near = tables.flatMap((table) => useOf(table) ?? []).filter((use) => use.ratio >= WARNING_RATIO);
    near.sort((a, b) => b.ratio - a.ratio || b.open - a.open);
    return near.length === 0 ? [] : [findingOf(near)];
  }),
);

function useOf(table: FdTable): Use | undefined {
  const { process, numbers: listed, errno } = table;
  const { soft } = process.limit;
  if (soft === null || soft < SANDBOX_LIMIT) return undefined;
  if (errno !== undefined && !listed) {
    return process.open === null ? undefined : { process, used: process.open, open: process.open, soft, ratio: process.open / soft };
  }
  const used = listed ? countBelow(listed, soft) : openBelow(table, soft);
  const open = listed?.length ?? sizeOf(table);
  const highest = listed ? (listed.at(-1) ?? -1) : highestNumber(table);
  return { process, used, open, soft, ratio: used / soft, highest };
}

function findingOf(near: readonly Use[]): Finding {
  const worst = near[0]!;
  const { process, used, open, soft, highest } = worst;
  const who = processesLabel(near.map((use) => use.process));
  const full = worst.ratio >= 1;
  const table = `/proc/${process.pid}/fd`;
  const numbers = `${count(open)} open${used === open ? '' : `, ${count(used)} of them below the limit`}, limit ${count(soft)}`;
  const left = highest === undefined ? 'seems to have no descriptor left' : 'has no descriptor left';
  return {
    id: ID,
    severity: worst.ratio >= CRITICAL_RATIO ? 'critical' : 'warning',
    confidence: full && highest !== undefined ? 'certain' : 'likely',
    because: becauseOf(worst),
    title: full ? `${who} ${left}: ${numbers}` : `${who} uses ${percent(worst.ratio)} of its descriptors: ${numbers}`,
    subject: subjectOf('process', 'open descriptors', process),
    evidence: [
      { name: 'open descriptors', value: open, limit: soft, source: table },
      ...(used === open ? [] : [{ name: 'numbers taken below the limit', value: used, limit: soft, source: table }]),
      { name: 'soft limit', value: soft, source: `/proc/${process.pid}/limits` },
      { name: 'hard limit', value: process.limit.hard ?? 'unlimited', source: `/proc/${process.pid}/limits` },
      ...(highest === undefined ? [] : [{ name: 'highest descriptor number', value: highest, source: table }]),
      ...(near.length > 1 ? [{ name: 'processes near their limit', value: near.length, source: `/proc/${process.pid}/limits` }] : []),
    ],
    remedy: limitRemedies(near),
    fingerprint: fingerprint(ID, 'process'),
  };
}

function becauseOf({ ratio, highest }: Use): string {
  if (highest === undefined && ratio < 1) return 'the count and the limit are both read from the kernel; those above a limit that was lowered take no place below it, and the numbers were not listed';
  if (ratio < 1) return 'the count and the limit are both read from the kernel; how fast the rest is used up is not known from one look';
  if (highest === undefined) return 'as many are open as the limit allows; the numbers could not be listed: some may be above it, and as many free below';
  return 'every number below the limit is taken, so the next open() fails with EMFILE already';
}
