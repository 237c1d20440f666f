/** Brings a report to stdout and to files, in the formats asked for. */
import { type Block, type ColourFlag, FileSink, formatNamed, type RenderOptions, StreamSink, wantsColour } from '../render/index.ts';
import type { Report } from '../report/index.ts';
import { paintMarkdown } from './markdown.ts';
import type { CommonOptions } from './options.ts';

export async function writeReport(report: Report, body: () => Iterable<Block>, options: CommonOptions): Promise<void> {
  for (const { format, file } of options.outputs) {
    if (file !== undefined) await writeFile(report, body, format, file, options);
  }
  // A format that went to a file leaves stdout to the text for people.
  const onStdout = options.outputs.find((output) => output.file === undefined)?.format ?? 'text';
  const sink = new StreamSink(process.stdout);
  await formatNamed(onStdout)!.render(report, body(), sink, {
    colour: wantsColour(options.colour, process.env, process.stdout.isTTY === true),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    quiet: options.quiet,
    verbose: options.verbose,
  });
  await sink.drained();
}

async function writeFile(report: Report, body: () => Iterable<Block>, format: string, file: string, options: CommonOptions): Promise<void> {
  const sink = await FileSink.open(file);
  const render: RenderOptions = { colour: false, quiet: options.quiet, verbose: options.verbose };
  try {
    await formatNamed(format)!.render(report, body(), sink, render);
    await sink.finish();
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

export async function writeText(text: string, options: { markdown: boolean; colour: ColourFlag }): Promise<void> {
  const sink = new StreamSink(process.stdout);
  const colour = options.markdown && wantsColour(options.colour, process.env, process.stdout.isTTY === true);
  const shown = await paintMarkdown(text, colour);
  await sink.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  await sink.drained();
}
