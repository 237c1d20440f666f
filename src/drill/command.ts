/** `drill`: N real reloads under real load. */
import type { CommandContext, Outcome, ReportOutcome } from '../command.ts';
import { inputExists } from '../evidence/index.ts';
import { readProcess } from '../kernel/process.ts';
import { processLabel } from '../kernel/services.ts';
import { resolveTarget } from '../kernel/targets/index.ts';
import { ProcessTree } from '../kernel/process-tree.ts';
import { UserError } from '../kernel/user-error.ts';
import { readUserInput } from '../kernel/user-input.ts';
import { readDrillPolicy } from '../policy/index.ts';
import { type Coverage, type Finding, runRules } from '../report/index.ts';
import { duration } from '../report/words.ts';
import { recordReload } from '../state/reloads.ts';
import { type DrillData, dataOf, emptyDrillData } from './data.ts';
import { coverageOf } from './coverage.ts';
import { expectEndpoint } from './expect-endpoint.ts';
import { Service } from './generation.ts';
import { residueOf } from './leftovers.ts';
import { firstThatAnswers } from './load/probe.ts';
import { endpointsOf, plainEndpointsOf, webSocketEndpointsOf } from './load/resolve.ts';
import type { Endpoint } from './load/types.ts';
import { firstThatOpens } from './load/websocket/probe.ts';
import type { DrillSeen } from './model.ts';
import { type DrillOptions, filledUp, POLICY_OPTIONS, readDrillOptions } from './options.ts';
import { runDrill } from './run.ts';
import { refuseStalePidFile } from './stale-pid-file.ts';
import { openTrigger, type Trigger } from './trigger.ts';
import { viewOf } from './view.ts';

/** Taken where none is named; never looked for further up. */
const USUAL_POLICY = 'reloadctl.yaml';
/** A long poll says nothing for a while. */
const STREAM_BEGINS_MS = 30_000;

export { configureDrill as configure } from './options.ts';

export async function run(args: string[], given: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const options = await readOptions(args, given, context);
  const pid = options.pid === undefined ? undefined : mainOf(options.pid, context);
  if (pid !== undefined) await refuseStalePidFile(context.evidence, options.pid!, pid);
  const endpoints = options.url === undefined ? await plainEndpointsOf(options.tcp!, options.send) : await endpointsOf('--http', options.url, options);
  const streams = options.stream === undefined ? undefined : await endpointsOf('--stream', onHost(options.stream, options), { ...options, method: 'GET' });
  const sockets = options.webSocket === undefined ? undefined : await webSocketEndpointsOf(onHost(options.webSocket, options), options.insecure);
  refuseRemote([...endpoints, ...(streams ?? []), ...(sockets ?? [])], options, context);
  const refusal = options.signal === undefined ? undefined : await askPreflight(pid!, options, context);
  if (refusal) return refusal;
  const endpoint = await firstThatAnswers(endpoints, options.timeoutMs);
  const stream = streams && (await streamThatAnswers(streams, options));
  const webSocket = sockets && (await firstThatOpens(sockets, options.timeoutMs));
  const asked = await expectEndpoint(options, endpoint, (found) => refuseRemote(found, options, context));
  const service = await Service.open(context.evidence, endpoint.port, endpoint.isLoopback || pid !== undefined ? pid : undefined);
  const thenSignal = options.thenSignal === 'none' ? undefined : (options.thenSignal ?? usualThen(context, pid, options.signal));
  const trigger = await openTrigger(options, context.evidence);
  let seen: DrillSeen;
  try {
    await askUser(options, trigger, endpoint, service, pid, thenSignal, context);
    seen = await runDrill({ context, options, endpoint, stream, webSocket, asked, pid, service, trigger, thenSignal });
  } finally {
    trigger.close();
  }
  const causes = await causesOf(seen, context);
  const limit = seen.pid === null ? undefined : readProcess(context.evidence, seen.reloads.at(-1)?.newPid ?? seen.pid)?.limit;
  const residue = residueOf(seen, limit ?? { soft: null, hard: null });
  const findings = runRules(context.rules, [seen, ...(residue ? [residue] : [])]);
  const data = dataOf(seen, trigger.words);
  return {
    kind: 'report',
    target: { spec: options.pid ?? endpoint.label, label: seen.label, pids: seen.pid === null ? [] : [seen.pid] },
    findings: [...findings, ...causes],
    coverage: [...coverageOf(seen, data), ...noted(seen, context)],
    data,
    body: () => viewOf(data),
  };
}

/** @throws UserError; of what the policy says, with its line and column */
async function readOptions(args: readonly string[], given: Record<string, unknown>, context: CommandContext): Promise<DrillOptions> {
  const file = (given.policy as string | undefined) ?? (inputExists(USUAL_POLICY) ? USUAL_POLICY : undefined);
  if (file === undefined) return readDrillOptions(args, filledUp(given, {}));
  const policy = readDrillPolicy((await readUserInput(file, context.stdin, context.signal)).text, file, POLICY_OPTIONS);
  try {
    return readDrillOptions(args, filledUp(given, policy.values));
  } catch (error) {
    return policy.placed(error);
  }
}

export function emptyData(): DrillData {
  return emptyDrillData();
}

/** @throws UserError for who must not be signalled */
function mainOf(spec: string, { evidence }: CommandContext): number {
  const { pids } = resolveTarget(evidence, spec, { tree: false, command: 'drill --pid' });
  const tree = new ProcessTree(evidence);
  const roots = tree.roots(pids);
  const [main, ...others] = roots.length > 0 ? roots : pids;
  if (others.length > 0) throw new UserError(`${spec} is ${roots.length} processes that are not below one: which one is reloaded?`, { hints: roots.slice(0, 5).map((pid) => `--pid ${pid}`) });
  if (main === 1) throw new UserError('process 1 is not drilled: with it the whole system would end');
  if (main === process.pid || main === process.ppid) throw new UserError(`process ${main} is ${main === process.pid ? 'reloadctl itself' : 'what started reloadctl'}`);
  const found = readProcess(evidence, main!);
  if (!found || found.state === 'Z') throw new UserError(`process ${main} has ended`, { exitCode: 3 });
  if (found.kernelThread) throw new UserError(`process ${main} is a thread of the kernel`);
  return main!;
}

/** A path alone is on the host of --http. */
function onHost(place: string, { url }: DrillOptions): string {
  return place.startsWith('/') ? new URL(place, url!.includes('://') ? url! : `http://${url!}`).href : place;
}

/** One that is not there would be asked for without end. @throws UserError */
async function streamThatAnswers(streams: readonly Endpoint[], { timeoutMs }: DrillOptions): Promise<Endpoint> {
  const stream = await firstThatAnswers(streams, Math.max(timeoutMs, STREAM_BEGINS_MS));
  const status = stream.http?.firstStatus ?? 0;
  if (status >= 400) throw new UserError(`--stream: ${stream.label} answers ${status}`, { exitCode: 3 });
  return stream;
}

function refuseRemote(endpoints: readonly Endpoint[], { allowRemote }: DrillOptions, { rerun }: CommandContext): void {
  const remote = endpoints.find(({ isLoopback }) => !isLoopback);
  if (remote && !allowRemote) throw new UserError(`${remote.label} is ${remote.address}, which is not of the loopback net: a drill is a load test`, { hints: [`when it is yours, and meant: ${rerun} --allow-remote`] });
}

/** What a signal would do is asked before it is sent. A report of what speaks against it, when something does. */
async function askPreflight(pid: number, options: DrillOptions, context: CommandContext): Promise<ReportOutcome | undefined> {
  const part = await context.part!('preflight');
  const { isRoot, rerun } = context;
  const outcome = await part.module.run([String(pid)], { signal: options.signal }, { ...context, rules: part.rules, isRoot, rerun });
  if (outcome.kind !== 'report') return undefined;
  const against = outcome.findings.filter(({ severity }) => severity === 'critical');
  const unread = outcome.coverage.find(({ needed, status }) => needed && status !== 'ok');
  if (against.length === 0 && !unread) return undefined;
  const why = against[0]?.title ?? `preflight could not look: ${unread!.source} (${unread!.detail ?? unread!.status})`;
  const data: DrillData = { ...emptyDrillData(), why: `SIG${options.signal} was not sent: ${why}`, url: options.url ?? options.tcp ?? '', trigger: `SIG${options.signal}`, mode: options.mode, asked: options.times };
  return {
    kind: 'report', target: outcome.target, findings: against,
    coverage: [...outcome.coverage, { source: 'reloads', status: 'absent', seen: 0, total: options.times, detail: `SIG${options.signal} was not sent`, needed: true }],
    data, body: () => viewOf(data),
  };
}

/** src/os/unix/ngx_process.c: after USR2 both run until the old master gets QUIT. */
function usualThen({ evidence }: CommandContext, pid: number | undefined, signal: string | undefined): string | undefined {
  const name = pid === undefined ? undefined : evidence.readlink(`/proc/${pid}/exe`).value?.replace(/ \(deleted\)$/, '').split('/').pop();
  return name === 'nginx' && signal === 'USR2' ? 'QUIT' : undefined;
}

async function askUser(options: DrillOptions, trigger: Trigger, endpoint: Endpoint, { holdsPort }: Service, pid: number | undefined, thenSignal: string | undefined, context: CommandContext): Promise<void> {
  const found = pid === undefined ? undefined : readProcess(context.evidence, pid);
  const who = found ? ` of ${processLabel(found)}${holdsPort || !endpoint.isLoopback ? '' : `, which does not listen on port ${endpoint.port}`}` : '';
  const least = options.controlMs + options.times * (options.everyMs ?? 3 * options.restMs);
  const plan = `drill: ${options.times} times ${trigger.words}${who}${thenSignal === undefined ? '' : ` (and SIG${thenSignal} to the old one)`}, under ${options.rate} new connections and ${options.pool > 0 ? options.pooledRate : 0} kept requests a second to ${endpoint.label}${(endpoint.http?.firstStatus ?? 0) >= 400 ? ` (which answers ${endpoint.http!.firstStatus})` : ''}, for ${duration(least)} or more`;
  if (options.yes) {
    context.say(plan);
    return;
  }
  const answer = await context.confirm?.(`${plan}. Go on?`);
  if (answer === undefined) throw new UserError(`${plan}: without a terminal to ask on it needs --yes`, { hints: [`${context.rerun} --yes`] });
  if (!answer) throw new UserError('nothing was done');
}

/** Why a change was not seen: what its inotify watches says. */
async function causesOf(seen: DrillSeen, context: CommandContext): Promise<Finding[]> {
  const { change } = seen.options;
  const pid = seen.reloads.at(-1)?.newPid ?? seen.pid;
  if (!change || pid === null || seen.reloads.every(({ happened }) => happened)) return [];
  try {
    const part = await context.part!('inotify');
    const outcome = await part.module.run([String(pid)], {}, { ...context, rules: part.rules });
    if (outcome.kind !== 'report') return [];
    const dead = outcome.findings.filter(({ id }) => id === 'inotify/dead-watch');
    seen.deadWatches.push(...dead.map(({ evidence }) => evidence[0]?.source ?? `/proc/${pid}/fdinfo`));
    return dead;
  } catch (error) {
    // It has ended: then that is told.
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** For the cool-down of `gate`. */
function noted({ reloads, label, endpoint }: DrillSeen, { say }: CommandContext): Coverage[] {
  if (!reloads.some(({ happened }) => happened)) return [];
  try {
    recordReload({ at: new Date().toISOString(), by: 'drill', target: endpoint.label, module: null }, process.env);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`reloadctl: ${error.message} (${label})`);
    return [{ source: 'record of the reload', status: 'denied', detail: error.message, needed: false }];
  }
}
