/**
 * The same report with pseudonyms. Each part is asked through evidence that keeps what it was told, under other names; then the part
 * is run again on that, as anybody would run it who was told no more. So nothing that was not kept can be in the page.
 */
import { hostname, release } from 'node:os';
import type { CommandContext, TapeTarget, TapeWorld } from '../command.ts';
import { type KeptLook, keepLook, openRedactor } from '../evidence/index.ts';
import { readProcess } from '../kernel/process.ts';
import type { ResolvedTarget } from '../kernel/targets/index.ts';
import type { UserError } from '../kernel/user-error.ts';
import type { Coverage, Target } from '../report/index.ts';
import { TASKS_MS } from '../tasks/index.ts';
import { version } from '../version.ts';
import { type PartResult, type PartRun, type Runner, runPart } from './parts.ts';

/** How descriptors are sampled, and how long queues are looked at meanwhile. */
export type Watching = Required<NonNullable<TapeTarget['watch']>>;

export interface KeptTapes {
  /** Runs a part on the world, then on what it was told, and keeps what it says then. */
  run: Runner;
  /** What it said. */
  replay: Runner;
  /** As the second run was asked. */
  nameless(): CommandContext & { tapeHeader: TapeTarget };
  /** What was asked then, and not before. */
  unanswered(target: Target | null): Coverage[];
}

/** @param watch undefined for one look */
export function keepTapes(target: ResolvedTarget, watch: Watching | undefined, context: CommandContext): KeptTapes {
  const redactor = openRedactor();
  const { tapeHeader } = context;
  const host = tapeHeader?.host ?? { kernel: release(), hostname: hostname() };
  const spec = /^\d+$/.test(target.spec) ? target.spec : redactor.text(target.spec);
  const header: TapeTarget = {
    ...(tapeHeader ?? { tasksMs: TASKS_MS, recordedAt: new Date().toISOString(), ...(watch && { watch, listenMs: watch.queuesMs }) }),
    spec, name: redactor.text(target.name), pids: [...target.pids], host: { kernel: host.kernel, hostname: redactor.text(host.hostname) }, redacted: true,
    // What was not kept is not asked.
    node: true, goroutines: true,
  };
  const kept = new Map<string, PartResult>();
  const gaps: TapeWorld['unanswered'][] = [];
  const asked = (): CommandContext & { tapeHeader: TapeTarget } => {
    const { rewound: _rewound, taping: _taping, ...rest } = context;
    return { ...rest, tapeHeader: header, rerun: `reloadctl report ${spec}` };
  };

  /** At once, so that what was kept of one part is gone before the next. */
  const again = async (part: PartRun, look: KeptLook): Promise<PartResult> => {
    const { evidence, unanswered } = context.standIn!(look.world(), header);
    gaps.push(unanswered);
    return runPart(asOfTape(part), { ...asked(), evidence });
  };

  const run: Runner = async (part, own) => {
    const look = keepLook(own.rewound?.() ?? own.evidence, { tool: version, recordedAt: header.recordedAt, host: header.host, redacted: true, target: header }, redactor, target.pids);
    // What is noted of handles says nothing of their process.
    if (part.name === 'node') for (const pid of target.pids) readProcess(look.evidence, pid);
    const result = await runPart(part, withoutRewind({ ...own, evidence: look.evidence }));
    kept.set(keyOf(part), 'outcome' in result ? await again(part, look) : 'failed' in result ? { failed: nameless(result.failed) } : result);
    return result;
  };

  const replay: Runner = async (part) => kept.get(keyOf(part)) ?? { skipped: 'it was not looked at' };

  return { run, replay, nameless: asked, unanswered: (about) => gaps.flatMap((gap) => gap(about)) };
}

/** As whoever has a tape asks: for all that it is about, and not for how it was made. */
function asOfTape({ name, spec, options: { tree: _tree, watch: _watch, interval: _interval, ...options } }: PartRun): PartRun {
  return { name, spec: name === 'goroutines' ? spec : undefined, options };
}

/** What could not be looked at, without the words that may hold a name. Of the same class: some say that there is nothing to look at. */
function nameless(error: UserError): UserError {
  const Same = error.constructor as typeof UserError;
  return new Same('could not be looked at; the reason holds names, and is told in the report itself', { exitCode: error.exitCode });
}

/** What is kept of a part begins where the part does. */
function withoutRewind({ rewound: _rewound, ...context }: CommandContext): CommandContext {
  return context;
}

/** A process is named by its number, the target as a whole by nothing: on a tape it is what the tape is about. */
function keyOf({ name, spec }: PartRun): string {
  return name === 'goroutines' ? `${name} ${spec}` : name;
}
