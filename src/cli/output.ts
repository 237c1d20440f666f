/** Brings a report, a text or a document to stdout and to files, in the formats asked for. */
import { type Block, type ColourFlag, FileSink, formatNamed, type RenderOptions, stdoutSink, terminalAt, wantsColour } from '../render/index.ts';
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

/** Is a format among them that is made to be handed on? */
export function isShared(outputs: readonly OutputTarget[]): boolean {
  return outputs.some(({ format }) => formatNamed(format)?.isShared === true);
}

/** Gives up all that were not written to their end. */
export async function discardFiles(files: readonly OutputFile[]): Promise<void> {
  for (const { sink } of files) await sink.discard();
}

/** A report and what its command shows below the findings. */
export interface Page {
  report: Report;
  body: () => Iterable<Block>;
}

/** For formats in which what passed is told too. */
interface Checked {
  checked?: readonly string[] | undefined;
  anchor?: string | undefined;
}

/** @property document takes stdout in place of the report, which is told on stderr then; empty when all of it was written before */
export interface PageOptions extends Checked {
  document?: string | undefined;
  /** The page as formats show it that are made to be handed on. */
  shared?: Page;
}

/**
 * The report in every format asked for; what asked for none is text. Resolves when all of it has left the process.
 * @throws OutputFileError
 */
export async function writeReport(page: Page, options: CommonOptions, files: readonly OutputFile[], { document, shared, ...about }: PageOptions): Promise<void> {
  const pageOf = (format: string): Page => (formatNamed(format)!.isShared ? (shared ?? page) : page);
  for (const file of files) await writeFile(pageOf(file.format), file, { ...options, ...about });
  if (document) await writeText(document, { markdown: false, colour: options.colour });
  // A format that went to a file leaves stdout to the text for people.
  const onStdout = options.outputs.find((output) => output.file === undefined)?.format ?? 'text';
  const terminal = terminalAt(document === undefined ? 1 : 2);
  const sink = document === undefined ? stdoutSink() : { write: tell, drained: async () => undefined };
  const { report, body } = pageOf(onStdout);
  await formatNamed(onStdout)!.render(report, body(), sink, {
    colour: wantsColour(options.colour, process.env, terminal !== undefined),
    columns: terminal?.columns,
    quiet: options.quiet,
    verbose: options.verbose,
    failOn: options.failOn,
    ...about,
  });
  await sink.drained();
}

async function writeFile({ report, body }: Page, { format, sink }: OutputFile, { quiet, verbose, failOn, checked, anchor }: CommonOptions & Checked): Promise<void> {
  const render: RenderOptions = { colour: false, quiet, verbose, failOn, checked, anchor };
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
