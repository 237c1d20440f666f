/** Dumps in the formats of other tools. */
import { closest } from '../../kernel/closest.ts';
import type { Dump } from '../../kernel/goroutines.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import { FileSink } from '../../render/index.ts';
import { folded } from './folded.ts';
import { debug1, debug2, unnamed } from './text.ts';
import { pprof } from './pprof.ts';

interface Kind {
  what: string;
  write(dump: Dump): Iterable<string | Buffer>;
}

export const exportKinds: Readonly<Record<string, Kind>> = {
  pprof: { what: 'go tool pprof, speedscope', write: pprof },
  folded: { what: 'flame graphs', write: folded },
  debug1: { what: 'text, groups', write: debug1 },
  debug2: { what: 'text, every goroutine', write: debug2 },
};

export interface Export {
  kind: string;
  file: string;
}

/** `KIND=FILE` each. Throws UserError. */
export function parseExports(texts: readonly string[]): Export[] {
  return texts.map((text) => {
    const equals = text.indexOf('=');
    const kind = equals < 0 ? text : text.slice(0, equals);
    const file = equals < 0 ? '' : text.slice(equals + 1);
    if (!Object.hasOwn(exportKinds, kind)) {
      const near = closest(kind, Object.keys(exportKinds));
      throw new UserError(`--export: unknown format ${kind}${near === undefined ? '' : `, did you mean ${near}?`}`, { hints: [`formats: ${Object.keys(exportKinds).join(', ')}`] });
    }
    if (file === '' || file === '-') throw new UserError(`--export ${kind}: it needs a file: --export ${kind}=FILE`);
    return { kind, file };
  });
}

/** @returns what is not whole. Throws OutputFileError. */
export async function writeExports(dump: Dump, exports: readonly Export[]): Promise<Coverage[]> {
  const coverage: Coverage[] = [];
  for (const { kind, file } of exports) {
    const sink = await FileSink.open(file);
    try {
      for (const part of exportKinds[kind]!.write(dump)) await (typeof part === 'string' ? sink.write(part) : sink.writeBytes(part));
      await sink.finish();
      const left = kind === 'debug2' ? unnamed(dump) : 0;
      const total = dump.groups.reduce((sum, group) => sum + group.count, 0);
      if (left > 0) coverage.push({ source: `the export to ${file}`, status: 'partial', seen: total - left, total, detail: `${plural('goroutine', left)} left out: their ids were not read`, needed: false });
    } catch (error) {
      await sink.discard();
      throw error;
    }
  }
  return coverage;
}
