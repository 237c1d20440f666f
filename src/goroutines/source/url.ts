/** Dumps from a running program's net/http/pprof, at the least cost for it. */
import type { CommandContext } from '../../command.ts';
import type { Access } from '../../kernel/access.ts';
import { HttpError, type HttpAnswer } from '../../evidence/index.ts';
import type { Dump } from '../../kernel/goroutines.ts';
import { UserError } from '../../kernel/user-error.ts';
import { withoutSecrets } from '../../kernel/without-secrets.ts';
import type { Coverage } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import { NoDump, parseDump } from '../parse/index.ts';
import { ask, cannotLook, endpointOf, type PprofEndpoint } from './endpoint.ts';
import { markLeaks } from './mark-leaks.ts';
import type { Taken, TakeOptions } from './types.ts';

/** debug=2 stops the whole program while it writes; above so many goroutines that is felt. */
export const MOST_STOPPED = 5000;
/** Measured: 13 ms for 1,000 goroutines, 44 ms for 10,000, 0.8 to 8 s for 100,000. */
const STOP_MS_EACH = 0.01;
const STOP_MS_EACH_MANY = 0.08;
const MOST_INDEX_BYTES = 1024 * 1024;
const MOST_BYTES = 1024 * 1024 * 1024;

type Context = Pick<CommandContext, 'say' | 'signal'>;

export interface Offer {
  /** What the program counts itself; undefined where there is no index. */
  goroutines?: number;
  leakProfile: boolean;
}

/** For as many looks as are wanted. Throws UserError as endpointOf. */
export async function openUrl(spec: string, access: Access, context: Context): Promise<(options: TakeOptions) => Promise<Taken>> {
  const endpoint = await endpointOf(spec, access);
  return (options) => takeFrom(endpoint, withoutSecrets(spec), options, context);
}

/** Throws UserError: exit 3 for what does not answer as a Go program does, 2 for what must be forced. @param again how the user asks for this again */
export async function takeFrom(endpoint: PprofEndpoint, again: string, options: TakeOptions, context: Context): Promise<Taken> {
  const offer = await offerOf(endpoint, options, context);
  const level = levelFor(endpoint, offer, options);
  const path = endpoint.exact ?? `${endpoint.base}goroutine?debug=${level}`;
  const atMs = Date.now();
  const dump = await dumpAt(endpoint, path, options, context);
  const coverage: Coverage[] = [coverageOf(endpoint, path, dump, offer)];
  if (options.leaks && offer.leakProfile && endpoint.exact === undefined) coverage.push(await addLeaks(endpoint, dump, options, context));
  return {
    dump,
    source: coverage[0]!.source,
    again,
    label: endpoint.label,
    atMs,
    target: { spec: again, label: endpoint.label, pids: [] },
    coverage,
    ...(offer.goroutines !== undefined && { announced: offer.goroutines }),
  };
}

/** The index tells what there is and how many goroutines there are, without stopping anything. */
export async function offerOf(endpoint: PprofEndpoint, { timeoutMs }: Pick<TakeOptions, 'timeoutMs'>, context: Pick<Context, 'signal'>): Promise<Offer> {
  const answer = await ask(endpoint, endpoint.base, { timeoutMs, mostBytes: MOST_INDEX_BYTES, signal: context.signal });
  const page = await textOf(answer, endpoint);
  if (answer.status !== 200 || !/goroutine/.test(page)) return { leakProfile: false };
  const counted = /<td>(\d+)<\/td>\s*<td><a href=['"]?goroutine\?/.exec(page) ?? /(\d+)<td[^>]*><a href="goroutine\?/.exec(page);
  return { leakProfile: /href=['"]?goroutineleak\?/.test(page), ...(counted && { goroutines: Number(counted[1]) }) };
}

async function textOf(answer: HttpAnswer, { shown }: PprofEndpoint): Promise<string> {
  try {
    return await answer.text(MOST_INDEX_BYTES);
  } catch (error) {
    throw cannotLook(error, shown);
  }
}

function levelFor(endpoint: PprofEndpoint, { goroutines }: Offer, { force, light, rows }: TakeOptions): 0 | 2 {
  const asked = endpoint.exact === undefined ? undefined : /[?&]debug=(\d+)/.exec(endpoint.exact)?.[1];
  const wantsAll = Number(asked ?? 0) >= 2;
  const isMany = (goroutines ?? Infinity) > MOST_STOPPED;
  if (force) return 2;
  if (!isMany) return light ? 0 : 2;
  if (wantsAll || rows) {
    const many = goroutines === undefined ? 'it does not say how many goroutines it has' : `it has ${count(goroutines)} goroutines`;
    const cost = goroutines === undefined ? '' : `, for ${duration(goroutines * STOP_MS_EACH)} to ${duration(goroutines * STOP_MS_EACH_MANY)} or more`;
    throw new UserError(`${endpoint.shown}: ${many}, and debug=2 would stop the whole program while they are written${cost}`, {
      hints: ['leave --list out: the groups come from debug=0, which stops it for milliseconds', '--force does it all the same'],
    });
  }
  return 0;
}

async function dumpAt(endpoint: PprofEndpoint, path: string, options: TakeOptions, context: Context): Promise<Dump> {
  const { timeoutMs } = options;
  const answer = await ask(endpoint, path, { timeoutMs, mostBytes: MOST_BYTES, signal: context.signal });
  if (answer.status !== 200) {
    answer.discard();
    const what = answer.status === 404 ? 'there is no net/http/pprof here' : 'it does not answer with a dump';
    throw new UserError(`${endpoint.shown}: ${what} (HTTP ${answer.status} for ${path})`, {
      exitCode: 3,
      hints: answer.status === 404 ? ['name the place where it is mounted: http://HOST:PORT/PATH/TO/pprof/'] : [],
    });
  }
  const isHtml = /^text\/html/.test(String(answer.headers['content-type'] ?? ''));
  const { chunks, brokenBy } = untilBroken(answer.body);
  try {
    const { dump } = await parseDump(chunks, { rows: options.rows || options.rowsIfCheap === true, signal: context.signal });
    const broken = brokenBy();
    return broken ? { ...dump, cut: { kind: 'interrupted', detail: `${broken.message}: what came before that is here` } } : dump;
  } catch (error) {
    if (brokenBy()) throw cannotLook(brokenBy(), endpoint.shown);
    if (error instanceof NoDump) {
      throw new UserError(`${endpoint.shown}: ${isHtml ? 'it answers with a web page, not with a dump' : error.message}`, { exitCode: 3 });
    }
    throw cannotLook(error, endpoint.shown);
  }
}

/** What came of an answer is worth a look, when its connection is cut. */
function untilBroken(body: AsyncIterable<Buffer>): { chunks: AsyncIterable<Buffer>; brokenBy: () => HttpError | undefined } {
  let broken: HttpError | undefined;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* body;
    } catch (error) {
      if (!(error instanceof HttpError) || error.problem !== 'protocol') throw error;
      broken = error;
    }
  }
  return { chunks: chunks(), brokenBy: () => broken };
}

function coverageOf(endpoint: PprofEndpoint, path: string, dump: Dump, { goroutines }: Offer): Coverage {
  const { format, total } = dump;
  const cut = dump.cut ?? missing(dump, goroutines);
  const cost = format === 'text' ? 'stopped the program while it was written' : 'stops it for milliseconds only; it has no ids and no waiting times';
  return {
    source: `${endpoint.http.socketPath === undefined ? endpoint.http.origin : endpoint.shown}${path}`,
    status: cut ? 'partial' : 'ok',
    seen: total,
    // It counts while goroutines come and go: only a real difference is one.
    ...(goroutines !== undefined && cut && { total: Math.max(goroutines, total) }),
    detail: cut ? cut.detail : cost,
    needed: true,
  };
}

/** Goroutines come and go, but not half of thousands between two questions. */
function missing({ total, profile }: Dump, announced: number | undefined): { detail: string } | undefined {
  if (announced === undefined || profile === 'goroutineleak' || announced - total < MISSING || total >= announced * MISSING_SHARE) return undefined;
  return { detail: `it said it has ${count(announced)} goroutines and told of ${count(total)}: the answer may not be whole` };
}

const MISSING = 100;
const MISSING_SHARE = 0.6;

async function addLeaks(endpoint: PprofEndpoint, dump: Dump, options: TakeOptions, context: Context): Promise<Coverage> {
  context.say('asking for the goroutineleak profile: the program collects its garbage for it once (--no-leak-profile leaves it out)');
  const source = `${endpoint.base}goroutineleak?debug=0`;
  try {
    const leaked = await dumpAt(endpoint, source, { ...options, rows: false, rowsIfCheap: false }, context);
    markLeaks(dump, leaked);
    return { source, status: 'ok', seen: leaked.total, detail: 'what is reachable from globals or from goroutines that run it cannot see', needed: false };
  } catch (error) {
    if (error instanceof NoDump || error instanceof UserError || error instanceof HttpError) return { source, status: 'absent', detail: error.message, needed: false };
    throw error;
  }
}
