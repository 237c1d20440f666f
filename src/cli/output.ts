/** Brings a report, a text or a document to stdout and to files, in the formats asked for. */
import { type Block, type ColourFlag, DescriptorSink, FileSink, formatNamed, isNoTerminal, type RenderOptions, StreamSink, wantsColour } from '../render/index.ts';
import type { Report } from '../report/index.ts';
import { paintMarkdown } from './markdown.ts';
import type { CommonOptions, OutputTarget } from './options.ts';
import { tell } from './tell.ts';

/** A file that a report goes to. */
export interface OutputFile {
  format: string;
  sink: FileSink;
}

/**
 * Opens every file of --format NAME=FILE: one that cannot be written shall be told before a long look, not after it.
 * @throws OutputFileError; then none is left open
 */
export async function openFiles(outputs: readonly OutputTarget[]): Promise<OutputFile[]> {
  const files: OutputFile[] = [];
  try {
    for (const { format, file } of outputs) if (file !== undefined) files.push({ format, sink: await FileSink.open(file) });
  } catch (error) {
    await discardFiles(files);
    throw error;
  }
  return files;
}

/** Gives up all that were not written to their end. */
export async function discardFiles(files: readonly OutputFile[]): Promise<void> {
  for (const { sink } of files) await sink.discard();
}

/**
 * The report in every format asked for; what asked for none is text. Resolves when all of it has left the process.
 * @param document takes stdout in place of the report, which is told on stderr then
 * @throws OutputFileError
 */
export async function writeReport(report: Report, body: () => Iterable<Block>, options: CommonOptions, files: readonly OutputFile[], document?: string): Promise<void> {
  for (const file of files) await writeFile(report, body, file, options);
  if (document !== undefined) await writeText(document, { markdown: false, colour: options.colour });
  // A format that went to a file leaves stdout to the text for people.
  const onStdout = options.outputs.find((output) => output.file === undefined)?.format ?? 'text';
  const terminal = terminalAt(document === undefined ? 1 : 2);
  const sink = document === undefined ? stdoutSink() : { write: tell, drained: async () => undefined };
  await formatNamed(onStdout)!.render(report, body(), sink, {
    colour: wantsColour(options.colour, process.env, terminal !== undefined),
    columns: terminal?.columns,
    quiet: options.quiet,
    verbose: options.verbose,
  });
  await sink.drained();
}

async function writeFile(report: Report, body: () => Iterable<Block>, { format, sink }: OutputFile, options: CommonOptions): Promise<void> {
  const render: RenderOptions = { colour: false, quiet: options.quiet, verbose: options.verbose };
  await formatNamed(format)!.render(report, body(), sink, render);
  await sink.finish();
}

/** A text to stdout, ended by a newline. Resolves when it has left the process. @throws OutputFileError */
export async function writeText(text: string, options: { markdown: boolean; colour: ColourFlag }): Promise<void> {
  const sink = stdoutSink();
  const colour = options.markdown && wantsColour(options.colour, process.env, terminalAt(1) !== undefined);
  const shown = await paintMarkdown(text, colour);
  await sink.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  await sink.drained();
}

function stdoutSink(): DescriptorSink | StreamSink {
  return isNoTerminal(1) ? new DescriptorSink(1, 'stdout') : new StreamSink(process.stdout);
}

/** Node's stream of stdout or stderr, when it is a terminal: to make one that is not needed takes milliseconds. */
function terminalAt(fd: 1 | 2): NodeJS.WriteStream | undefined {
  if (isNoTerminal(fd)) return undefined;
  const stream = fd === 1 ? process.stdout : process.stderr;
  return stream.isTTY ? stream : undefined;
}
