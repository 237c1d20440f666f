/** `exporter`: the metrics of this host for Prometheus, over HTTP, as a textfile, or sent by OTLP. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { refuseWithoutProc } from '../kernel/own-limits.ts';
import { FileSink } from '../render/index.ts';
import { plural } from '../report/words.ts';
import { version } from '../version.ts';
import { Collector } from './collector.ts';
import type { Family } from './families.ts';
import { DEFAULT_ADDRESS, type ExporterOptions, parseExporter } from './options.ts';
import { toOtlp } from './otlp.ts';
import { post } from './push.ts';
import { addressOf, serve } from './server.ts';
import { toText } from './text-format.ts';

/** Scrapers that come together are given one collection. */
const FRESH_MS = 1000;
/** What is read by another user: node_exporter. It holds no names but those of programs and services. */
const TEXTFILE_MODE = 0o644;
const LONGEST_PAUSE_MS = 300_000;

export function configure(command: Command): void {
  command
    .option('--listen <address>', `where scrapers find it (default: ${DEFAULT_ADDRESS}, which only this host reaches)`)
    .option('--textfile <file>', 'write the metrics there instead, for the textfile collector of node_exporter; must end in .prom')
    .option('--otlp <url>', 'send them by OTLP/HTTP (JSON) instead: http://HOST:4318')
    .option('--once', 'collect once and end; without --textfile and --otlp print the metrics')
    .option('--interval <time>', 'time between two collections for --textfile and --otlp (default: 30s)')
    .option('--max-services <n>', 'services with series of their own; those farthest from their limits are one, other (default: 100)')
    .option('--goroutines', 'count goroutines, too, from the memory of Go programs: needs root, and 10 to 50 ms for each')
    .addHelpText('after', '\nWithout root only counts are seen of the processes of others; a value that could not be read is absent, never 0.\nExit codes: 0 written (findings are metrics here), 2 bad usage, or it cannot listen or write there.');
}

export async function run(_args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const asked = parseExporter(options);
  refuseWithoutProc(context.evidence);
  const collector = new Collector(context, { ...asked, freshMs: Math.min(FRESH_MS, asked.intervalMs) });
  return asked.once ? runOnce(asked, collector, context) : runLong(asked, collector, context);
}

async function runOnce({ textfile, otlp }: ExporterOptions, collector: Collector, context: CommandContext): Promise<Outcome> {
  const { collection, families } = await collector.ask();
  if (textfile !== undefined) await writeTextfile(textfile, families);
  if (otlp) await post(otlp, otlpBody(families, Date.now()), context.signal);
  if (textfile === undefined && !otlp) return { kind: 'text', text: toText(families, 'prometheus') };
  const samples = families.reduce((sum, family) => sum + family.samples.length, 0);
  const place = [...(textfile === undefined ? [] : [textfile]), ...(otlp ? [otlp.host] : [])].join(' and ');
  return {
    kind: 'report',
    target: null,
    findings: collection.findings,
    coverage: collection.coverage,
    data: { samples, services: collection.census.services.length, ...(textfile !== undefined && { file: textfile }) },
    body: () => [{ type: 'paragraph', text: `${plural('sample', samples)} to ${place}` }],
    // The findings are metrics: who watches those decides.
    exitCode: 0,
  };
}

/** Until a signal comes. */
async function runLong(asked: ExporterOptions, collector: Collector, context: CommandContext): Promise<Outcome> {
  const { signal, say } = context;
  const { listen, textfile, otlp } = asked;
  const server = listen && (await serve(listen, async (dialect) => toText((await collector.ask()).families, dialect)));
  if (server) say(`reloadctl exporter: http://${addressOf(server)}/metrics`);
  // What cannot be written at the very first is a mistake of who started us.
  if (textfile !== undefined) await writeTextfile(textfile, (await collector.ask()).families);
  const loops = [
    ...(textfile === undefined ? [] : [repeat(asked.intervalMs, context, `${textfile} is not written`, async () => writeTextfile(textfile, (await collector.ask()).families))]),
    ...(otlp ? [push(otlp, asked.intervalMs, collector, context)] : []),
  ];
  await Promise.all([aborted(signal), ...loops]);
  server?.close();
  server?.closeAllConnections();
  return { kind: 'text', text: '' };
}

function push(url: URL, intervalMs: number, collector: Collector, context: CommandContext): Promise<void> {
  const startedMs = Date.now();
  return repeat(intervalMs, context, `nothing is sent to ${url.host}`, async () => post(url, otlpBody((await collector.ask()).families, startedMs), context.signal));
}

function otlpBody(families: readonly Family[], startedMs: number): string {
  return JSON.stringify(toOtlp(families, { version, hostname: hostname(), startedMs, nowMs: Date.now() }));
}

/** Says once that it does not work, and once that it does again; tries less and less often meanwhile. */
async function repeat(intervalMs: number, { evidence, signal, say }: CommandContext, trouble: string, act: () => Promise<void>): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await act();
      if (failures > 0) say(`again: it works after ${plural('failure', failures)}`);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (failures++ === 0) say(`${trouble}: ${(error as Error).message}`);
    }
    await Promise.race([evidence.sleep(failures === 0 ? intervalMs : Math.min(intervalMs * 2 ** Math.min(failures, 10), Math.max(intervalMs, LONGEST_PAUSE_MS))), aborted(signal)]);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Whole or not at all, by rename in its own folder. */
async function writeTextfile(path: string, families: readonly Family[]): Promise<void> {
  const file = await FileSink.open(path, TEXTFILE_MODE);
  try {
    await file.write(toText(families, 'prometheus'));
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
