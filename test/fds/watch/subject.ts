/** Made-up processes that change while they are watched: what happens when is known. */
import { fdRules } from '../../../src/fds/rules/index.ts';
import { runWatch } from '../../../src/fds/watch/run.ts';
import type { WatchedFdsData } from '../../../src/fds/watch/data.ts';
import { parseListOptions } from '../../../src/fds/list-options.ts';
import type { Coverage, Finding } from '../../../src/report/index.ts';
import { socketRules } from '../../../src/sockets/rules/index.ts';
import { fakeEvidence, type FakeEvidence, type World } from '../../support/fake-evidence.ts';
import { type FakeProcess, worldOf } from '../../support/fake-process.ts';

export interface Seen {
  findings: Finding[];
  coverage: Coverage[];
  data: WatchedFdsData;
  pids: number[];
}

export class Subject {
  readonly world: ReturnType<typeof worldOf> & World;
  readonly evidence: FakeEvidence;
  readonly abort = new AbortController();
  /** Called after each pause, with the ms since the beginning: what the processes are from then on. */
  onTime: (now: number) => void = () => undefined;

  constructor(...processes: FakeProcess[]) {
    this.world = worldOf(...processes);
    this.evidence = fakeEvidence(this.world);
    const { sleep } = this.evidence;
    this.evidence.sleep = async (ms) => {
      await sleep(ms);
      this.onTime(this.evidence.now());
    };
  }

  /** The processes there are from now on. */
  become(...processes: FakeProcess[]): void {
    for (const map of ['files', 'links', 'lists', 'sizes', 'stats'] as const) {
      for (const key of Object.keys(this.world[map])) delete this.world[map][key];
      Object.assign(this.world[map], worldOf(...processes)[map]);
    }
  }

  async watch(windowMs = 20_000, intervalMs = 500, spec = '42', tree = false): Promise<Seen> {
    const context = {
      evidence: this.evidence, rules: [...fdRules, ...socketRules], signal: this.abort.signal, rerun: 'reloadctl fds 42', isRoot: true,
      say: () => undefined, progress: () => undefined,
    };
    const options = { tree, owners: false, details: false, threads: false };
    const outcome = await runWatch(spec, options, { windowMs, intervalMs }, parseListOptions({}), context as never);
    if (outcome.kind !== 'report') throw new Error('no report');
    return { findings: outcome.findings, coverage: outcome.coverage, data: outcome.data as WatchedFdsData, pids: outcome.target!.pids };
  }
}

export const base: Record<number, string> = { 0: '/dev/null', 3: 'pipe:[900]', 4: '/var/log/app.log' };

/** `count` files of one template, at numbers from `from` on. */
export function files(count: number, from = 10): Record<number, string> {
  return Object.fromEntries(Array.from({ length: Math.floor(count) }, (_, index) => [from + index, `/tmp/part-${from + index}.tmp`]));
}

/** The finding fd/growth above info, if any: `warning likely`. */
export function growthIn({ findings }: Seen): string[] {
  return findings.filter(({ id, severity }) => id === 'fd/growth' && severity !== 'info').map(({ severity, confidence, subject }) => `${severity} ${confidence} ${subject.key}`);
}
