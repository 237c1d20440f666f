/** Markdown pages of ours on a terminal: read as they are, with the headings standing out. */
import { loadPaint, type Paint } from '../render/index.ts';

/** Headings bold, code blocks and code in the text set apart. Without colour the text is left alone: a pipe gets the page itself. */
export async function paintMarkdown(text: string, colour: boolean): Promise<string> {
  if (!colour) return text;
  const paint = await loadPaint(true);
  let inCode = false;
  return text
    .split('\n')
    .map((line) => {
      if (line.startsWith('```')) {
        inCode = !inCode;
        return paint('dim', line);
      }
      return inCode ? paint('info', line) : paintLine(line, paint);
    })
    .join('\n');
}

function paintLine(line: string, paint: Paint): string {
  const heading = /^#{1,6} +(.*)$/.exec(line);
  if (heading) return paint('strong', heading[1]!);
  return line.replace(/`([^`]+)`/g, (_, code: string) => paint('info', code));
}
