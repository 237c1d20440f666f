/** One collection at a time: who asks meanwhile, or shortly after, is given the same one. */
import type { CommandContext } from '../command.ts';
import { tidyBetweenLooks } from '../evidence/own-heap.ts';
import { type Collection, type CollectOptions, collect } from './collect.ts';
import type { Family } from './families.ts';
import { Growth } from './growth.ts';
import { metricsOf } from './metrics.ts';

export interface Collected {
  collection: Collection;
  families: Family[];
}

export class Collector {
  readonly #context: CommandContext;
  readonly #options: CollectOptions;
  readonly #freshMs: number;
  readonly #growth = new Growth();
  #running: Promise<Collected> | undefined;
  #last: { at: number; collected: Collected } | undefined;
  #collections = 0;

  /** @param options.freshMs so old may an answer be that is given again */
  constructor(context: CommandContext, options: { mostServices: number; goroutines: boolean; freshMs: number }) {
    this.#context = context;
    this.#options = { mostServices: options.mostServices, goroutines: options.goroutines, known: new Set() };
    this.#freshMs = options.freshMs;
  }

  ask(): Promise<Collected> {
    if (this.#running) return this.#running;
    const { evidence } = this.#context;
    if (this.#last && evidence.now() - this.#last.at < this.#freshMs) return Promise.resolve(this.#last.collected);
    this.#running = this.#collect().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #collect(): Promise<Collected> {
    const { evidence } = this.#context;
    const from = evidence.now();
    const collection = await collect(this.#context, this.#options);
    const to = evidence.now();
    this.#growth.add(to, new Map(collection.census.services.flatMap(({ service, open }) => (open === null ? [] : [[service, open] as const]))));
    const { user, system } = process.cpuUsage();
    const own = { at: Date.now() / 1000, durationSeconds: (to - from) / 1000, cpuSeconds: (user + system) / 1e6, memoryBytes: process.memoryUsage.rss(), collections: ++this.#collections };
    const collected = { collection, families: metricsOf(collection, this.#growth, own) };
    this.#last = { at: to, collected };
    tidyBetweenLooks();
    return collected;
  }
}
