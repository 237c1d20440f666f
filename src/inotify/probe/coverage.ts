/** What could be tried, and what could not. */
import type { Coverage } from '../../report/index.ts';
import type { Gathered } from './gather.ts';

/** A file system without links or exchange has an answer: nobody can do that there. Any other refusal is a failure to try. */
const CANNOT = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOSYS', 'EXDEV', 'EMLINK', 'ENOTTY', 'ENODEV']);
const SHOWN = 6;

export function noteCells(gathered: Gathered): Coverage[] {
  const { cells, skipped, total, refused, notes } = gathered;
  const failed = skipped.filter(({ errno }) => !CANNOT.has(errno));
  const stop = stopWords(gathered);
  const named = (failed.length > 0 ? failed : skipped).map(({ pattern, errno }) => `${pattern}: ${errno}`);
  const reasons = [...new Set(named)].slice(0, SHOWN).join(', ');
  const detail = refused?.message ?? stop ?? (failed.length > 0 ? `not everything could be tried: ${reasons}` : skipped.length > 0 ? `this file system refuses ${reasons}` : undefined);
  return [
    {
      source: 'change patterns',
      status: refused ? 'unsupported' : gathered.ended === 'silent' || gathered.hung ? 'timeout' : cells.length === total ? 'ok' : 'partial',
      seen: cells.length,
      total,
      needed: stop !== undefined || cells.length === 0 || failed.length > 0,
      ...(detail !== undefined && { detail }),
    },
    ...notes,
  ];
}

function stopWords({ ended, hung, doing }: Gathered): string | undefined {
  const where = hung ? `; the file system did not answer (${doing})` : '';
  if (ended === 'signal') return `stopped by a signal${where}`;
  if (ended === 'silent') return `the file system does not answer (${doing})`;
  return ended === 'broken' ? `the program that tries it out ended early (${doing})` : undefined;
}
