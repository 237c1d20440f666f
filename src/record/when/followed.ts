/** Who belongs to a target from sample to sample: a pid is one process, a name or a unit whoever bears it now. */
import type { Evidence } from '../../evidence/types.ts';
import { type ResolvedTarget, resolveTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';

/** Of the time, what asking for it may take: a name is looked for in all processes. */
const RENEWAL_PART = 0.001;
/** While nobody bears it nothing else is asked, and whoever comes next may not have long. */
const SEARCH_PART = 0.004;
/** No more often than that, however quick it is. */
const LEAST_PAUSE_MS = 1000;

export class Followed {
  readonly spec: string;
  target: ResolvedTarget | undefined;
  /** Why there is none. */
  why = '';
  readonly #evidence: Evidence;
  readonly #tree: boolean;
  #asked = 0;
  /** Of the last time, in ms. */
  #tookMs = 0;

  /** @throws UserError for a target that can never be one, that is ambiguous, and for a pid that is not there */
  constructor(evidence: Evidence, spec: string, tree: boolean) {
    this.#evidence = evidence;
    this.spec = spec;
    this.#tree = tree;
    try {
      this.#resolve();
    } catch (error) {
      if (!(error instanceof UserError) || error.exitCode !== 3 || !this.mayComeBack) throw error;
      this.why = error.message;
    }
  }

  /** Another process may stand for it later. */
  get mayComeBack(): boolean {
    return !/^\d+$/.test(this.spec);
  }

  /** Asks again, unless that was done lately. @param isGone nobody of it is there any more */
  renew(isGone: boolean): void {
    if (isGone && !this.mayComeBack) this.target = undefined;
    if ((!this.mayComeBack && !this.#tree) || this.#evidence.now() < this.#next(isGone)) return;
    try {
      this.#resolve();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.why = error.message;
      // While one generation follows the other both bear the name: those we know are still meant.
      if (isGone) this.target = undefined;
    }
  }

  #resolve(): void {
    const begun = this.#evidence.now();
    try {
      this.target = resolveTarget(this.#evidence, this.spec, { tree: this.#tree, command: 'record' });
    } finally {
      this.#asked = this.#evidence.now();
      this.#tookMs = this.#asked - begun;
    }
  }

  #next(isGone: boolean): number {
    return this.#asked + Math.max(LEAST_PAUSE_MS, this.#tookMs / (isGone ? SEARCH_PART : RENEWAL_PART));
  }
}
