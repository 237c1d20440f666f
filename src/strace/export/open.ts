/** Outputs that are written while the log is read. */
import { FileSink, type Sink } from '../../render/index.ts';
import type { Analysis } from '../collect/analysis.ts';
import type { Step } from '../tables/fds.ts';
import { EventLines } from './ndjson.ts';
import { TraceFile } from './trace-file.ts';

export interface StepTaker {
  step(step: Step): void;
}

interface Writer extends StepTaker {
  finish(analysis: Analysis): void;
}

export interface Exports {
  takers(analysis: Analysis): StepTaker[];
  /** Awaited now and then, so that what was made meanwhile is written. */
  drain(): Promise<void>;
  /** Runs and puts the files in their places; when it fails, leaves none. */
  closeAfter<T extends { analysis: Analysis }>(run: () => Promise<T>): Promise<T>;
}

/** Takes text while lines are read, which waits for nobody; writes it between. */
class Queue implements Sink {
  private readonly sink: FileSink;
  private chunks: string[] = [];

  constructor(sink: FileSink) {
    this.sink = sink;
  }

  write(chunk: string): void {
    this.chunks.push(chunk);
  }

  async drain(): Promise<void> {
    const { chunks } = this;
    this.chunks = [];
    if (chunks.length > 0) await this.sink.write(chunks.join(''));
  }

  async finish(): Promise<void> {
    await this.drain();
    await this.sink.finish();
  }

  discard(): Promise<void> {
    return this.sink.discard();
  }
}

/** @throws OutputFileError */
export async function openExports(files: { events?: string; trace?: string }): Promise<Exports> {
  const events = files.events === undefined ? undefined : new Queue(await FileSink.open(files.events));
  const trace = files.trace === undefined ? undefined : new Queue(await FileSink.open(files.trace));
  const sinks = [events, trace].filter((sink) => sink !== undefined);
  let writers: Writer[] = [];
  return {
    takers: (analysis) => {
      writers = [...(events ? [new EventLines(events, analysis.context)] : []), ...(trace ? [new TraceFile(trace, analysis.context)] : [])];
      return writers;
    },
    drain: async () => {
      for (const sink of sinks) await sink.drain();
    },
    closeAfter: async (run) => {
      try {
        const ran = await run();
        for (const writer of writers) writer.finish(ran.analysis);
        for (const sink of sinks) await sink.finish();
        return ran;
      } catch (error) {
        for (const sink of sinks) await sink.discard();
        throw error;
      }
    },
  };
}
