// Words and paragraphs as man(7) has them.

const WIDTH = 78;

/** Text that stands for itself: also what begins a line with a dot, and hyphens that shall be copied as such. */
export function literal(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('µ', '\\(mc')
    .replace(/[^\n\x20-\x7e]/gu, (character) => `\\[u${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`);
}

export const bold = (text) => `\\fB${literal(text)}\\fR`;
export const italic = (text) => `\\fI${literal(text)}\\fR`;

/** Markdown inside a line: code and **strong** are bold, links are their words. */
export function inline(markdown) {
  const plain = markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return plain
    .split(/(`[^`]*`|\*\*[^*]*\*\*)/)
    .map((part, at) => (at % 2 === 0 ? literal(part) : bold(part.replace(/^(?:`|\*\*)|(?:`|\*\*)$/g, ''))))
    .join('');
}

/** Lines of at most 78 characters where words permit; none begins with what would be a request. */
export function filled(text) {
  const lines = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map(harmless).join('\n');
}

function harmless(line) {
  return line.startsWith('.') ? `\\&${line}` : line;
}

/** A heading begins a paragraph by itself. */
export const section = (title, body) => `.SH ${title.toUpperCase()}\n${body.replace(/^\.PP\n/, '')}`;
export const paragraph = (text) => `.PP\n${filled(text)}`;

/** One entry of a list: what it is called, and what it is. */
export const entry = (term, text) => `.TP\n${harmless(term)}\n${filled(text)}`;

/** Lines as they are. */
export function block(lines) {
  return `.PP\n.RS 4\n.nf\n${lines.map((line) => harmless(literal(line))).join('\n')}\n.fi\n.RE`;
}

/** Paragraphs, lists of `- \`term\`: text`, and indented lines of Markdown. */
export function fromMarkdown(text) {
  const parts = [];
  for (const chunk of text.trim().split(/\n{2,}/)) {
    const lines = chunk.split('\n');
    if (lines.every((line) => line.startsWith('    '))) parts.push(block(lines.map((line) => line.slice(4))));
    else if (chunk.startsWith('- ')) parts.push(...chunk.split(/^- /m).slice(1).map(item));
    else parts.push(paragraph(inline(lines.join(' '))));
  }
  return parts.join('\n');
}

function item(text) {
  const match = /^((?:`[^`]*`(?:, )?)+): ([\s\S]*)$/.exec(text.trim());
  if (match) return entry(inline(match[1]), inline(match[2].replaceAll('\n', ' ')));
  return `.IP \\(bu 2\n${filled(inline(text.replaceAll('\n', ' ')))}`;
}
