/** Which modules of the policy are asked about, and with which sources. */
import type { CommandContext } from '../command.ts';
import { inputExists } from '../evidence/index.ts';
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';
import { readUserInput } from '../kernel/user-input.ts';
import { type ModulePolicy, readGatePolicy } from '../policy/index.ts';
import { listOf, shellWord } from '../report/words.ts';
import type { GateOptions } from './options.ts';

/** Taken where none is named; never looked for further up. */
const USUAL = 'reloadctl.yaml';

export interface Chosen {
  file: string;
  modules: ModulePolicy[];
}

/** @throws UserError, exit 2 */
export async function chooseModules(options: GateOptions, { stdin, signal }: CommandContext): Promise<Chosen> {
  const given = options.policy ?? (inputExists(USUAL) ? USUAL : undefined);
  if (given === undefined) throw new UserError('gate needs a policy: --policy FILE, or reloadctl.yaml in this folder', { hints: ['modules: [{name: "payment-service", qps_threshold: 500, error_rate_threshold: 0.005, cooldown_seconds: 300}]'] });
  const { text, name: file } = await readUserInput(given, stdin, signal);
  const { modules: all } = readGatePolicy(text, file);
  if (all.length === 0) throw new UserError(`${file}:1:1: it names no modules: nothing would be asked, and GO would say nothing`, { hints: ['modules: [{name: "payment-service", qps_threshold: 500}]'] });
  return { file, modules: chosen(all, options, file).map((module) => withOptions(module, options)) };
}

function chosen(all: readonly ModulePolicy[], { module, endpoint, pprof, process, record }: GateOptions, file: string): ModulePolicy[] {
  const names = all.map(({ name }) => name);
  if (module === undefined) {
    const single = [['--metrics', endpoint], ['--pprof', pprof], ['--pid', process], ['--record', record ? '' : undefined]].find(([, value]) => value !== undefined);
    if (all.length > 1 && single) throw new UserError(`${single[0]} is about one module: say which`, { hints: names.slice(0, 5).map((name) => `--module ${shellWord(name)}`) });
    return [...all];
  }
  const found = all.find(({ name }) => name === module);
  if (found) return [found];
  const near = closest(module, names);
  throw new UserError(`--module: ${file} has no module ${JSON.stringify(module)}${near === undefined ? '' : `, did you mean ${near}?`}`, { hints: [`modules: ${listOf(names, 10)}`] });
}

/** What stands on the command line holds. */
function withOptions(module: ModulePolicy, { prometheus, endpoint, pprof, process, sampleMs }: GateOptions): ModulePolicy {
  return {
    ...module,
    ...(prometheus !== undefined && { prometheus }),
    ...(endpoint !== undefined && { endpoint }),
    ...(pprof !== undefined && { pprof }),
    ...(process !== undefined && { process }),
    ...(sampleMs !== undefined && { sampleMs }),
  };
}
