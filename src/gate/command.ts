/** `gate`: may this be reloaded now? GO, NO-GO or NO-DATA, by the rules of a policy. */
import type { Command } from 'commander';
import type { CommandContext, Outcome, ReportOutcome } from '../command.ts';
import { addAccessOptions } from '../kernel/access-options.ts';
import type { ModulePolicy } from '../policy/index.ts';
import { type Coverage, runRules } from '../report/index.ts';
import { listOf, plural } from '../report/words.ts';
import { readReloads, recordReload } from '../state/reloads.ts';
import { judgeCooldown } from './cooldown.ts';
import { dataOf, type GateData } from './data.ts';
import { explain } from './explain.ts';
import { decisionOf } from './judge.ts';
import { judgeModule, sourcesOf } from './measure.ts';
import type { JudgedRule } from './model.ts';
import { type Chosen, chooseModules } from './modules.ts';
import { type GateOptions, readOptions, USUAL_TIMEOUT } from './options.ts';
import { planOf } from './rule-table.ts';
import { RESULT_WORDS, viewOf } from './view.ts';
import { clockOf, untilGo } from './wait.ts';

export function configure(command: Command): void {
  command
    .argument('[nothing...]', 'modules are named by the policy')
    .option('--policy <file>', 'which modules there are, and what is allowed (default: reloadctl.yaml here, where it is)')
    .option('--module <name>', 'this one alone (default: all of the policy)')
    .option('--prometheus <url>', 'ask the query API of this Prometheus')
    .option('--metrics <url>', 'ask the metrics of the module itself: two scrapes, 10s apart (--sample)')
    .option('--pprof <url>', 'ask net/http/pprof of the module for goroutines and pauses')
    .option('--pid <target>', 'look at this process: descriptors, inotify, accept queues, goroutines (pid, name, :port, unit:NAME)')
    .option('--sample <time>', 'time between two looks at counts (default: 10s)')
    .option('--wait <time>', 'ask again until GO, at most so long')
    .option('--record', 'note that the module was reloaded now: its cool-down starts; nothing else is asked')
    .option('--explain', 'show rules, thresholds and queries; nothing is asked');
  addAccessOptions(command, USUAL_TIMEOUT);
  command.addHelpText('after', '\nreloadctl gate --module web --wait 10m && systemctl reload web && reloadctl gate --module web --record\nExit codes: 0 GO (or noted), 1 NO-GO, 2 bad policy or usage, 3 NO-DATA: a rule could not be judged, and none is over its threshold.');
}

export async function run(args: string[], given: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const options = readOptions(args, given);
  const chosen = await chooseModules(options, context);
  if (options.explain) return { kind: 'text', text: explain(chosen.modules, chosen.file) };
  return options.record ? note(chosen, context) : ask(chosen, options, context);
}

async function ask(chosen: Chosen, options: GateOptions, context: CommandContext): Promise<Outcome> {
  const { modules } = chosen;
  const { evidence, signal } = context;
  const clock = clockOf(evidence);
  const sources = await Promise.all(modules.map((module) => sourcesOf(module, options, context, clock)));
  const look = async (): Promise<JudgedRule[]> => {
    const reloads = readReloads(process.env);
    return (await Promise.all(modules.map((module, index) => judgeModule(module, sources[index]!, reloads, signal)))).flat();
  };
  const { last: rules, ...waiting } = await untilGo(look, options.waitMs, clock, context, toldOf);
  return outcomeOf(chosen, rules, dataOf(rules, modules, waiting), context);
}

/** For who waits: `NO-GO web: qps 812/s`. */
function toldOf(rules: readonly JudgedRule[]): string {
  const open = rules.filter(({ result }) => result !== 'go');
  return `${RESULT_WORDS[decisionOf(rules)]}: ${listOf(open.map(({ module, name }) => `${module} ${name}`), 3)}`;
}

/** Someone reloads, and says so: the cool-down starts with that, and not with GO. */
function note(chosen: Chosen, context: CommandContext): Outcome {
  const module = chosen.modules[0] as ModulePolicy;
  const at = new Date().toISOString();
  const file = recordReload({ at, by: 'gate', target: module.name, module: module.name }, process.env);
  const reloads = readReloads(process.env);
  const rules = planOf(module).filter(({ name }) => name === 'cooldown').map((rule) => judgeCooldown(rule, module, reloads, Date.now()));
  const data: GateData = { ...dataOf(rules, [module], { attempts: 0, waitedMs: 0 }), recorded: { module: module.name, at, file } };
  // That it may not be reloaded again at once is what was asked for.
  return { ...outcomeOf(chosen, [], data, context), exitCode: 0 };
}

function outcomeOf({ file, modules }: Chosen, rules: readonly JudgedRule[], data: GateData, { rules: definitions }: CommandContext): ReportOutcome {
  const label = modules.length === 1 ? modules[0]!.name : plural('module', modules.length);
  return {
    kind: 'report',
    target: { spec: file, label, pids: [] },
    findings: runRules(definitions, rules),
    coverage: [...rules.map(coverageOf), ...stateCoverage()],
    data,
    anchor: file,
    checked: [...new Set(data.rules.map(({ name }) => `gate/${name}`))],
    body: () => viewOf(data),
  };
}

function coverageOf({ module, name, result, source, samples, reason, status, fix }: JudgedRule): Coverage {
  if (result !== 'no-data') return { source: `${module} ${name} (${source})`, status: 'ok', ...(samples !== null && { seen: Math.round(samples) }), needed: true };
  return { source: `${module} ${name}`, status: status ?? 'absent', detail: `NO-DATA: ${source === null || source === 'nobody' ? '' : `${source}: `}${reason}`, ...(fix !== undefined && { fix }), needed: true };
}

/** What was noted of reloads and cannot be read any more. */
function stateCoverage(): Coverage[] {
  const { file, damaged } = readReloads(process.env);
  return damaged === 0 ? [] : [{ source: file, status: 'partial', detail: `${plural('damaged line', damaged)} skipped: a reload that is noted there is not known`, needed: false }];
}
