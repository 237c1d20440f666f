/** Dumps from files and from standard input. */
import { expectShortRun, gunzippedChunks, gunzippedStart, openInput, streamInput, type InputStream } from '../../evidence/index.ts';
import type { CommandContext } from '../../command.ts';
import { UserError } from '../../kernel/user-error.ts';
import { listOf, shellWord } from '../../report/words.ts';
import { NoDump, type Parsed, parseDump } from '../parse/index.ts';
import { isTrace } from '../trace/batches.ts';
import { takeTrace } from './trace.ts';
import type { Taken, TakeOptions } from './types.ts';

/** @param path `-` is standard input. Throws UserError (exit 2) for what cannot be read or holds no dump. */
export async function takeFile(path: string, options: TakeOptions, context: Pick<CommandContext, 'stdin' | 'signal'>): Promise<Taken> {
  const input = path === '-' ? streamInput(context.stdin(), context.signal) : opened(path);
  const name = path === '-' ? 'standard input' : path;
  const { first, all } = await peeked(input);
  const trace = first && traceIn(first, all);
  if (trace) return takeTrace(name, path === '-' ? name : baseName(path), trace, { ...options, rows: options.rows || options.rowsIfCheap === true }, context.signal);
  if (first && first.length >= LARGE_BYTES) expectShortRun();
  const { dump, entry } = await parsed(all, name, options, context.signal);
  const source = entry === undefined ? name : `${name}: ${entry}`;
  return {
    dump,
    source: path === '-' ? name : path,
    again: path,
    label: path === '-' ? name : baseName(path),
    target: null,
    coverage: [
      {
        source,
        status: dump.cut ? 'partial' : 'ok',
        seen: dump.total,
        ...(dump.cut && { detail: dump.cut.detail }),
        // Who is missing may be the one that matters.
        needed: true,
      },
      ...dump.notes.map((detail) => ({ source: `${source} (notes)`, status: 'partial' as const, detail, needed: false })),
    ],
    ...(input.changedMs !== undefined && { atMs: input.changedMs }),
  };
}

/** What is read at once at most: a dump that is larger has thousands of goroutines. */
const LARGE_BYTES = 1024 * 1024;

/** As it is, or packed. */
function traceIn(first: Buffer, input: InputStream): InputStream | undefined {
  if (isTrace(first)) return input;
  const start = gunzippedStart(first);
  return start && isTrace(start) ? { ...input, chunks: gunzippedChunks(input.chunks) } : undefined;
}

/** Its first bytes say what it is; it is read once only. */
async function peeked(input: InputStream): Promise<{ first: Buffer | undefined; all: InputStream }> {
  const source = input.chunks[Symbol.asyncIterator]();
  const { value: first, done } = await source.next();
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      if (!done) yield first as Buffer;
      for (;;) {
        const next = await source.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await source.return?.();
    }
  }
  return { first: done ? undefined : (first as Buffer), all: { ...input, chunks: chunks() } };
}

function opened(path: string): InputStream {
  const { input, problem } = openInput(path);
  if (problem !== undefined) throw new UserError(`${path}: ${problem}`);
  return input;
}

async function parsed(input: InputStream, name: string, { rows, rowsIfCheap = false, entry }: TakeOptions, signal: AbortSignal): Promise<Parsed> {
  try {
    return await parseDump(input.chunks, { rows: rows || rowsIfCheap, signal, ...(entry !== undefined && { entry }), ...(input.reuse && { reuse: input.reuse }) });
  } catch (error) {
    if (error instanceof NoDump) throw noDump(error, name);
    throw error;
  }
}

function noDump({ message, candidates }: NoDump, name: string): UserError {
  if (candidates.length === 0) {
    return new UserError(`${name}: ${message}`, { hints: ['a dump is what goroutine?debug=0, 1 or 2 answers, what SIGQUIT or a panic prints, inside any log'] });
  }
  const hints = candidates.slice(0, 8).map((candidate) => `reloadctl goroutines ${shellWord(name)} --entry ${shellWord(candidate)}`);
  return new UserError(`${name}: ${message}: ${listOf(candidates, 8)}`, { hints });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
