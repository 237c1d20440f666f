/** Goroutines of Go programs that are held at their exit: what their tests, or they themselves, left running. */
import type { CommandContext } from '../command.ts';
import { readProcess, stillThere } from '../kernel/process.ts';
import { decodeText } from '../kernel/text.ts';
import type { Process } from '../kernel/types.ts';
import { UserError } from '../kernel/user-error.ts';
import type { PlacedGoroutines } from '../goroutines/index.ts';
import type { Coverage } from '../report/index.ts';
import { plural } from '../report/words.ts';
import type { Budgets } from './budgets.ts';
import type { GoroutinesLeftEvent } from './model.ts';

/** Who was told to end a moment ago may take so long, ms. */
export const AGAIN_MS = 120;
/** Programs of Go itself, which every `go test` starts by the dozen. */
const TOOL = /\/(?:go[^/]*|libexec)\/(?:bin\/(?:go|gofmt)|pkg\/tool\/[^/]+\/[^/]+)$|\/go-build\/[^/]+\/[^/]+-d\/[^/]+$/;
const TESTS_RUN = /^testing\.tRunner\b/;

interface Pending {
  process: Process;
  isTest: boolean;
  groups: PlacedGoroutines[];
  at: number;
}

export class GoroutineWatch {
  readonly events: GoroutinesLeftEvent[] = [];
  private readonly context: CommandContext;
  private readonly budgets: Budgets;
  private readonly pending = new Map<number, Pending>();
  private programs = 0;
  private readonly unread: string[] = [];
  private readonly cut: string[] = [];

  constructor(context: CommandContext, budgets: Budgets) {
    this.context = context;
    this.budgets = budgets;
  }

  /** Of a process that is held. True when a second look is wanted: what waits now may have been told to end. Never throws for what it is. */
  async look(pid: number): Promise<boolean> {
    const { evidence } = this.context;
    const process = readProcess(evidence, pid);
    const exe = evidence.readlink(`/proc/${pid}/exe`);
    if (!process || TOOL.test(exe.value ?? '')) return false;
    const isTest = /\.test$/.test(exe.value ?? '') || /\0-test\./.test(evidence.read(`/proc/${pid}/cmdline`).value ?? '');
    const groups = await this.ask(pid);
    if (!groups) return false;
    this.programs++;
    // It was ended in the middle of a test: whoever works for that is no leak.
    if (isTest && groups.some(({ frames }) => frames.some((frame) => TESTS_RUN.test(frame)))) {
      this.cut.push(`${decodeText(process.comm).text} (pid ${pid})`);
      return false;
    }
    if (groups.length === 0) return false;
    this.pending.set(pid, { process, isTest, groups, at: evidence.now() });
    return true;
  }

  /** @param isThere false: it ended before anybody could look again */
  async again(pid: number, isThere: boolean): Promise<void> {
    const first = this.pending.get(pid)!;
    const { evidence } = this.context;
    const isSame = isThere && stillThere(evidence, first.process) === 'same';
    const now = isSame ? await this.ask(pid) : undefined;
    const windowMs = now ? evidence.now() - first.at : 0;
    // One look cannot tell who is on the way out, and who waits for those.
    if (!now && first.groups.some(({ isMoving, state }) => isMoving || state === 'sleep')) return void this.unread.push(`${decodeText(first.process.comm).text} (pid ${pid}) ended before a second look at its goroutines, and some of them were about to get on`);
    const before = new Set(first.groups.map(({ site }) => site));
    const { process, isTest } = first;
    for (const goroutines of now ?? first.groups) {
      if (goroutines.isMoving || !before.has(goroutines.site)) continue;
      this.events.push({ type: 'goroutines-left', process, isTest, goroutines, ...this.budgets.goroutines(isTest), windowMs });
    }
  }

  /** Those that do not wait by design; undefined for what is none of Go, or could not be read. */
  private async ask(pid: number): Promise<PlacedGoroutines[] | undefined> {
    const { goroutinesOf, NotGo } = await import('../goroutines/index.ts');
    try {
      const { groups, coverage } = await goroutinesOf(pid, this.context, 'memory');
      const short = coverage.find(({ needed, status }) => needed && status !== 'ok');
      if (short) this.unread.push(short.detail ?? short.source);
      return groups.filter(({ benign }) => benign === undefined);
    } catch (error) {
      if (error instanceof NotGo) return undefined;
      if (!(error instanceof UserError)) throw error;
      this.programs++;
      this.unread.push(error.message);
      return undefined;
    }
  }

  coverage(): Coverage[] {
    const { unread, cut } = this;
    const programs = this.programs;
    if (programs === 0) return [{ source: 'goroutines', status: 'absent', detail: 'no Go program was held at its exit: the command runs none, or only those of an earlier run (go test keeps results)', fix: 'go test -count=1', needed: true }];
    const [problem] = unread;
    const total: Coverage = problem === undefined
      ? { source: 'goroutines', status: 'ok', seen: programs, total: programs, detail: plural('Go program', programs), needed: true }
      : { source: 'goroutines', status: 'partial', seen: programs - unread.length, total: programs, detail: problem, needed: true };
    return [total, ...(cut.length === 0 ? [] : [{ source: 'tests that were cut', status: 'absent' as const, detail: `${cut[0]} ended in the middle of a test: its goroutines are not judged`, needed: false }])];
  }
}
