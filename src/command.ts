/** What a command is: the table in commands.ts names them, cli.ts runs one. */
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { TapeEvidence } from './evidence/index.ts';
import type { Evidence } from './evidence/types.ts';
import type { Block } from './render/index.ts';
import type { Coverage, Finding, Host, Report, RuleDefinition, Target } from './report/index.ts';

/** What running the command does to the target or the host, as `--help` says it. */
export type Effects = 'none' | 'reads' | 'reads; --record: one line in a file of its own' | 'reads, own instances and watches for a moment' | 'own child' | 'own temp dir' | 'signals, undone' | 'signals, load' | 'none; -p: stops for moments or slows, undone; --: own child';

/** What rules are shown: each lets pass what is not of its type. */
export interface Observed {
  type: string;
}

export interface CommandEntry {
  name: string;
  summary: string;
  effects: Effects;
  load(): Promise<CommandModule>;
  /** What stands behind `--` is a command that it runs: signals are that command's, and so is the exit code. */
  wraps?: true;
  /** The rule sets its findings come from. */
  rules?(): Promise<readonly RuleDefinition<Observed>[]>;
}

export interface CommandModule {
  /** Declares arguments and options of its own. */
  configure(command: Command): void;
  run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome>;
  /** `data` of the report when nothing stands behind the target: scripts get a report with exit 3 too. */
  emptyData?(options: Record<string, unknown>): object;
}

/** A command as another one runs it. */
export interface CommandPart {
  module: CommandModule;
  rules: readonly RuleDefinition<Observed>[];
}

export interface CommandContext {
  evidence: Evidence;
  /** The tape that stands in for the world, when --from was given. */
  tapeHeader?: TapeTarget;
  rules: readonly RuleDefinition<Observed>[];
  /** What it is told is kept: what it makes of memory is noted, for it to be made again of that. */
  taping?: boolean;
  /** Aborted by SIGINT and SIGTERM: finish with what was found. */
  signal: AbortSignal;
  /** This very command line, quoted for a shell: `reloadctl fds 42`. */
  rerun: string;
  /** Do we run as root? */
  isRoot: boolean;
  /** Messages for people, on stderr; silent with --quiet. */
  say(text: string): void;
  /** One line that tells how far it is, on stderr when that is a terminal; each replaces the one before, an empty one clears it. */
  progress(text: string): void;
  /** Shows a page on the full screen in place of the one before; there with --tui only. The page is asked when it is drawn. */
  live?(page: () => Iterable<Block>): void;
  /** The words behind `--`: a command to run. They are also the last arguments. */
  wrapped?: readonly string[];
  /** Descriptors above 2 that we were started with: they are that command's. */
  inherited?: readonly number[];
  /** What --json or --format wants on stdout, where nothing else can go then. */
  formatOnStdout?: string;
  /** A format that is made to be handed on is among those asked for. */
  shares?: boolean;
  /** Asks for yes or no on the terminal; undefined where there is none. */
  confirm?(question: string): Promise<boolean | undefined>;
  /** Our standard input, not touched before it is asked for. */
  stdin(): Readable;
  /** Another command of the table and its rules, for one that joins several. */
  part?(name: string): Promise<CommandPart>;
  /** The tape that stands in for the world from its beginning again: each part of a report asks it anew. Absent without one. */
  rewound?(): Evidence;
  /** Another tape as a world of its own, for commands that compare. Throws TapeError or UserError (exit 2) for what is none; `file` is for messages. */
  replay(text: string, file: string): TapeWorld;
  /** What was kept of a look as a world of its own. */
  standIn?(kept: TapeEvidence, header: TapeTarget): TapeWorld;
}

/** This host now, or the tape that stands in for it: then moment, duration and host are those of the recording. */
export interface World {
  evidence: Evidence;
  tapeHeader?: TapeTarget;
  rewound?(): Evidence;
  moment(): Pick<Report, 'startedAt' | 'durationMs' | 'host'>;
  /** What was asked and could not be answered whatever the rights. */
  unanswered(target: Target | null): Coverage[];
}

export type TapeWorld = World & { tapeHeader: TapeTarget };

/** What a tape says it was recorded from. */
export interface TapeTarget {
  spec: string;
  name: string;
  pids: number[];
  /** RFC 3339, UTC. */
  recordedAt: string;
  host: Host;
  /** Names and addresses are pseudonyms. */
  redacted: boolean;
  /** So many sockets of programs that share no end with the target were left out. */
  leftOut?: number;
  /** It holds the samples of a watch, before the look: how long it was, and the time between two samples. */
  watch?: { windowMs: number; intervalMs: number; /** So long the queues of inotify instances were looked at after that. */ queuesMs?: number };
  /** It holds looks at the handles of its Node processes. */
  node?: true;
  /** It holds what was made of the memory of its Go programs. */
  goroutines?: true;
  /** It holds what `listen --outbound` asks, and all that `preflight` and `inherit` do. */
  outbound?: true;
  /** The file that preflight --replace is about, as the process saw it. */
  replace?: string;
  /** It holds looks at the threads for so long, 0: one look. */
  tasksMs?: number;
  /** So long its listeners were watched, where it has any by TCP. */
  listenMs?: number;
  /** It holds what a reload depends on: for preflight. */
  reload?: true;
}

/** A report with its text view, or a plain text (`explain`, `schema`). */
export type Outcome =
  | ReportOutcome
  | { kind: 'text'; text: string; exitCode?: number; /** A page of ours: headings stand out on a terminal. */ markdown?: boolean };

export interface ReportOutcome {
  kind: 'report';
  target: Target | null;
  findings: Finding[];
  coverage: Coverage[];
  data: object;
  body: () => Iterable<Block>;
  /** Takes stdout, and the report is told on stderr: a tape. Empty where it was written already. Not where `formatOnStdout` has it. */
  document?: string;
  /** Instead of what findings and coverage come to: what was asked about is not there, as line `target` of the coverage says. */
  verdict?: 'fail';
  /** The same with pseudonyms, for formats that are made to be handed on. */
  shared?: Pick<ReportOutcome, 'target' | 'findings' | 'coverage' | 'data' | 'body'> & { host: Host };
  /** The rules that looked, where that is not all there are of the command. */
  checked?: readonly string[];
  /** The file that a finding without a line of its own is shown at. */
  anchor?: string;
  /** Instead of the code of the verdict, for a command whose findings are no verdict on the user's own processes. */
  exitCode?: number;
  /** Awaited once the report is written, or could not be. */
  after?: () => Promise<void>;
}
