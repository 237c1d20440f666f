import type { Command } from 'commander';
import type { CommandContext, Outcome, TapeTarget } from '../command.ts';
import type { Evidence } from '../evidence/types.ts';
import { inputExists } from '../evidence/index.ts';
import { decodeText } from '../kernel/text.ts';
import { UserError } from '../kernel/user-error.ts';
import { runRules, type Coverage } from '../report/index.ts';
import { addAccessOptions, collect } from '../kernel/access-options.ts';
import { buildData, type GoroutinesData } from './data.ts';
import { nameConnections, placeConnections } from './memory/facts.ts';
import { placeOf } from './names.ts';
import { exportKinds, writeExports } from './export/index.ts';
import { eventOf } from './event.ts';
import { lookAgain } from './look-again.ts';
import { type GoroutinesOptions, parseOptions } from './options.ts';
import { isEndpoint } from './source/endpoint.ts';
import { isCoreFile, takeCore } from './source/core.ts';
import { takeFile } from './source/file.ts';
import { listProcesses } from './processes.ts';
import { NotGo } from './source/memory.ts';
import { openProcess } from './source/process.ts';
import { fromTape, type KeptLook, toTape } from './taped.ts';
import { targetOf } from '../kernel/look-at.ts';
import { MOST_WITH_IDS, type Source, type Taken, type TakeOptions } from './source/types.ts';
import { MOST_STOPPED, openUrl } from './source/url.ts';
import { viewOf } from './view.ts';
import { compareDumps, strangers } from './watch/compare.ts';
import { watch } from './watch/run.ts';
import { tooShort } from './watch/too-short.ts';
import { growthBlocks, growthData } from './watch/view.ts';

export function configure(command: Command): void {
  command
    .argument('[source]', 'a pid or process name, http://HOST:PORT, unix:/SOCKET, a file, or - for standard input')
    .argument('[later]', 'a second dump, to compare with the first')
    .option('--list', 'every goroutine, one per line')
    .option('--list-processes', 'all Go programs that run here: version, module, age, goroutines')
    .option('--via <way>', 'of a pid: memory (read-only, stops nothing; the default) or endpoint (its pprof listener)')
    .option('--where <terms>', "only goroutines for which all terms hold: 'state=\"chan send\" wait>10m func~handler'")
    .option('--group-by <attributes>', 'group by these instead of by stack: state, site, owner, creator, label:NAME, ...')
    .option('--all', 'all groups, not only the largest')
    .option('--watch <time>', 'of a process or an endpoint: which stacks gain goroutines; sample for this long (30s, 5m)')
    .option('--interval <time>', 'time between samples of --watch')
    .option('--export <format=file>', `${Object.entries(exportKinds).map(([name, { what }]) => `${name} (${what})`).join(', ')}; may be given several times`, collect)
    .option('--binary <file>', 'of a core file: the program that wrote it, where it is not at its old place; of a process with several Go runtimes: the library that is meant')
    .option('--entry <name>', 'of a ZIP or tar archive: the entry to read')
    .option('--force', 'ask for debug=2 above 5,000 goroutines, too: it stops the program for as long as it takes')
    .option('--light', 'never ask for debug=2: groups only, no ids, no waiting times')
    .option('--settle <time>', 'look again after this long, twice at most, when one look shows what only time can tell; 0: never (default: 2s)')
    .option('--from <tape>', 'what a tape made by reloadctl record says of a Go program, instead of this host; - is stdin')
    .option('--no-leak-profile', 'do not ask for the goroutineleak profile, which makes the program collect its garbage');
  addAccessOptions(command);
  command.addHelpText(
    'after',
    '\neffects on an endpoint: GET of the index, then of goroutine?debug=2 (stops the program, 10 ms for 1,000 goroutines) up to 5,000 goroutines or with --force, else of debug=0; of goroutineleak where it is offered (one garbage collection). Where that leaves a doubt that seconds can settle, the same debug=2 once or twice more (--settle). --watch: debug=0 for each sample, debug=2 in the middle and at the end up to 4,000 goroutines.\n' +
      'effects on a pid: its memory is read, once or twice more within seconds where one look leaves a doubt (--settle); nothing is stopped, signalled or written. With --via endpoint, or where memory cannot be read, the same as on an endpoint at the first of its TCP listeners that answers as net/http/pprof does; each is asked for /debug/pprof/.\n' +
      'effects on a file: none.',
  );
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const parsed = parseOptions(options);
  const [spec, later] = args;
  if (context.tapeHeader) return runTaped(spec, later, parsed, { ...context, tapeHeader: context.tapeHeader });
  if (options.listProcesses) {
    if (spec !== undefined) throw new UserError('--list-processes takes no source: it looks at all processes');
    return listProcesses(context);
  }
  if (spec === undefined) throw new UserError('no source given', { hints: ['reloadctl goroutines <pid | http://HOST:PORT | FILE>', 'reloadctl goroutines --list-processes'] });
  if (later !== undefined) return runCompared(spec, later, parsed, context);
  return report(context.taping ? await keptLook(spec, parsed, context) : await look(spec, parsed, context), parsed, context);
}

function look(spec: string, parsed: GoroutinesOptions, context: CommandContext): Promise<KeptLook> {
  return parsed.watch ? watchedLook(spec, parsed, context) : oneLook(spec, parsed, context);
}

async function oneLook(spec: string, parsed: GoroutinesOptions, context: CommandContext): Promise<KeptLook> {
  const source = await open(spec, parsed, context);
  const taken = await source.take({ ...parsed.take, rowsIfCheap: parsed.take.rowsIfCheap === true || (source.live && !source.isFree && parsed.settleMs > 0) });
  if (!source.live || parsed.settleMs === 0 || parsed.take.light) return { taken, coverage: [] };
  const { last, settled, coverage } = await lookAgain(source, taken, parsed, context);
  return { taken: last, coverage, ...(settled && { settled }) };
}

/** Through evidence that notes it: what the memory holds is never noted, what was made of it is. */
async function keptLook(spec: string, parsed: GoroutinesOptions, context: CommandContext): Promise<KeptLook> {
  let kept: KeptLook | undefined;
  await context.evidence.inside!.goroutines(Number(spec), async (live) => toTape((kept = await look(spec, parsed, { ...context, evidence: live }))));
  return kept!;
}

/** For a tape: looks at each of these processes that is a Go program, through evidence that notes what was seen. */
export async function recordGoroutines(evidence: Evidence, pids: readonly number[], watch: { windowMs: number } | undefined, context: CommandContext): Promise<void> {
  const parsed = parseOptions({ sockets: true, leakProfile: false, via: 'memory', ...(watch && { watch: `${watch.windowMs}ms` }) });
  for (const pid of pids.slice(0, MOST_RECORDED)) {
    if (context.signal.aborted) return;
    await evidence.inside!.goroutines(pid, async (live) => {
      try {
        return toTape(await look(String(pid), parsed, { ...context, evidence: live }));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error instanceof NotGo ? { refused: NOT_GO } : { refused: error.message };
      }
    });
  }
}

const NOT_GO = 'not a Go program';

/** Workers of one kind: the first of them tell what they do. */
const MOST_RECORDED = 16;

async function runTaped(spec: string | undefined, later: string | undefined, parsed: GoroutinesOptions, context: CommandContext & { tapeHeader: TapeTarget }): Promise<Outcome> {
  if (later !== undefined || parsed.watch || parsed.data.list || parsed.exports.length > 0) throw new UserError('a tape keeps groups of goroutines: leave the second source, --watch, --list and --export out');
  const { pids } = targetOf(spec, false, context, 'goroutines');
  for (const pid of pids) {
    const { value, errno } = await context.evidence.inside!.goroutines(pid, () => Promise.resolve({}));
    if (errno !== undefined) continue;
    const kept = fromTape(value, String(pid));
    if (kept) return report(kept, parsed, context);
    const { refused } = value as { refused?: unknown };
    if (refused === NOT_GO) continue;
    throw new UserError(typeof refused === 'string' ? refused : 'what the tape holds of its goroutines is damaged', { exitCode: 3 });
  }
  throw new NotGo('no goroutines are on this tape: it is of no Go program, or of an earlier version of reloadctl', { exitCode: 3 });
}

/** They become more between the count and the look. */
const MARGIN = 0.8;

/** Nothing stood behind the source: what scripts read is there, and empty. */
export function emptyData(options: Record<string, unknown>): GoroutinesData {
  return {
    total: 0, source: '', goVersion: null, format: 'text', profile: 'goroutine', groups: [], locks: [],
    reload: { shuttingDown: false, requests: 0, keepers: [] }, ...(options.list ? { goroutines: [] } : {}),
  };
}

/** Throws UserError for what is not there. */
async function open(spec: string, { access, via, binary }: GoroutinesOptions, context: CommandContext): Promise<Source> {
  if (isEndpoint(spec)) return { live: true, take: await openUrl(spec, access, context) };
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(spec)?.[1];
  if (scheme !== undefined) throw new UserError(`${scheme}:// is not asked: only http, https and unix are`);
  const isProcess = /^\d+$/.test(spec) || /^(:\d|unit:|container:|pod:)/.test(spec);
  if (!isProcess && (spec === '-' || spec.includes('/') || inputExists(spec))) {
    if (spec !== '-' && isCoreFile(spec)) return { live: false, take: (options) => takeCore(spec, binary, options, context.signal) };
    return { live: false, take: (options) => takeFile(spec, options, context) };
  }
  if (!isProcess && /\.(txt|log|gz|zst|zip|tar|tgz|out|dump|pb|pprof|debug[012])$/.test(spec)) throw new UserError(`${spec}: no such file`);
  const opened = await openProcess(spec, access, via, context, binary);
  return { live: true, isFree: opened.via === 'memory', take: opened.take };
}

async function runCompared(first: string, second: string, options: GoroutinesOptions, context: CommandContext): Promise<Outcome> {
  if (options.watch) throw new UserError('--watch samples one endpoint; two dumps are compared as they are');
  if (first === '-' && second === '-') throw new UserError('only one of the two can be standard input');
  const [one, other] = [await open(first, options, context), await open(second, options, context)];
  const before = await one.take({ ...options.take, rows: false });
  const after = await other.take(options.take);
  const strange = strangers(before.dump, after.dump);
  const compared = compareDumps(before.dump, after.dump, one.live && other.live ? (after.atMs ?? 0) - (before.atMs ?? 0) : null);
  const growth = { ...compared, groups: strange === undefined ? compared.groups : [] };
  const doubt: Coverage[] = strange === undefined ? [] : [{ source: 'the comparison', status: 'absent', detail: strange, needed: true }];
  return report({ taken: after, coverage: [...before.coverage, ...doubt], growing: { growth, totals: [before.dump.total, after.dump.total], intervalMs: null } }, options, context);
}

async function watchedLook(spec: string, options: GoroutinesOptions, context: CommandContext): Promise<KeptLook> {
  const source = await open(spec, options, context);
  if (!source.live) throw new UserError('--watch needs an endpoint or a process: a file does not change', { hints: ['reloadctl goroutines BEFORE AFTER   # compares two dumps'] });
  const sampled: TakeOptions = { ...options.take, rows: false, sockets: false, light: true, force: false, leaks: false };
  const most = source.isFree ? MOST_WITH_IDS : MOST_STOPPED * MARGIN;
  const mayHaveIds = (goroutines: number): boolean => !options.take.light && goroutines <= most;
  const looks = {
    sample: () => source.take(sampled),
    middle: async (goroutines: number) => (mayHaveIds(goroutines) ? source.take({ ...options.take, rows: true, sockets: false, leaks: false }) : undefined),
    last: (goroutines: number) => source.take({ ...options.take, rows: options.take.rows || mayHaveIds(goroutines) }),
  };
  const { taken, growth, totals, failed } = await watch(looks, options.watch!, context);
  const coverage: Coverage[] = [
    { source: 'samples', status: failed > 0 ? 'partial' : 'ok', seen: growth.samples, total: growth.samples + failed, needed: growth.samples < 2 },
    ...tooShort(growth),
  ];
  return { taken, coverage, growing: { growth, totals, intervalMs: options.watch!.intervalMs } };
}

async function report({ taken, coverage: more, growing, settled }: KeptLook, options: GoroutinesOptions, context: CommandContext): Promise<Outcome> {
  const { dump, source, label, memory, trace } = taken;
  const watched = growing && growthData(growing.growth, dump, growing.totals, growing.intervalMs);
  const event = eventOf(taken, growing?.growth, settled);
  const findings = runRules(context.rules, [event]);
  const data = { ...buildData(dump, source, options.data), ...(memory && { memory }), ...(trace && { trace }), ...(watched && { watch: watched }) };
  if (memory?.connections) placeConnections(memory.connections, dump.groups, (frame) => decodeText(placeOf(frame)).text);
  if (memory?.connections && data.goroutines) nameConnections(data.goroutines, memory.connections);
  const exported = await writeExports(dump, options.exports);
  return {
    kind: 'report',
    target: taken.target,
    findings,
    coverage: [...more, ...taken.coverage, ...labelsMissing(dump, options.data.groupBy), ...exported],
    data,
    body: () => [...(watched ? growthBlocks(watched) : []), ...viewOf(data, label, { all: options.all, filtered: options.data.where !== undefined })],
  };
}

/** Who groups by labels that nobody has must not take that for an answer. */
function labelsMissing({ groups, format }: Taken['dump'], groupBy: readonly string[]): Coverage[] {
  if (!groupBy.some((name) => name.startsWith('label:')) || groups.some(({ labels }) => Object.keys(labels).length > 0)) return [];
  const detail = `no goroutine in it has labels${format === 'text' ? ': full dumps have them since Go 1.27 only, goroutine?debug=0 and 1 have them' : ''}`;
  return [{ source: 'labels', status: 'absent', detail, needed: true }];
}
