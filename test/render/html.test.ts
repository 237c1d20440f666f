/** Pages for browsers and for issues: whatever a target calls itself is text in them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Block } from '../../src/render/document.ts';
import { renderHtml } from '../../src/render/html.ts';
import { markdownText, renderMarkdown } from '../../src/render/markdown.ts';
import type { Format } from '../../src/render/types.ts';
import type { Report } from '../../src/report/types.ts';
import { finding, HOSTILE, report } from './support.ts';

async function rendered(render: Format['render'], page: Report, body: Block[] = []): Promise<string> {
  let text = '';
  await render(page, body, { write: (chunk) => void (text += chunk), closed: false }, { colour: false });
  return text;
}

/** Every block, with this text wherever one can stand. */
function blocksOf(text: string): Block[] {
  return [
    { type: 'heading', text },
    { type: 'paragraph', text, tone: 'strong' },
    { type: 'table', columns: [{ title: text }, { title: 'N', align: 'right' }], rows: [[text, 3], [{ text, tone: 'warning' }]] },
    { type: 'facts', items: [[text, text]] },
    { type: 'list', items: [text] },
    { type: 'command', text, note: text },
    { type: 'preformatted', text },
    { type: 'chart', title: text, unit: text, points: [{ atMs: 0, value: 3 }, { atMs: 1000, value: 9 }], limit: 10 },
    { type: 'blank' },
  ];
}

function pageOf(text: string): Report {
  return report({
    target: { spec: text, label: text, pids: [42] },
    host: { kernel: text, hostname: text },
    findings: [finding({ title: text, because: text, evidence: [{ name: text, value: text, source: text }], remedy: [{ text, command: text, risk: 'restart' }] })],
    coverage: [{ source: text, status: 'denied', detail: text, fix: text, needed: true }],
  });
}

const TAGS = new Set(['!doctype', 'html', 'head', 'meta', 'title', 'style', 'body', 'header', 'h1', 'h2', 'h3', 'b', 'p', 'main', 'article', 'span', 'div', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'pre', 'code', 'details', 'summary', 'dl', 'dt', 'dd', 'ul', 'li', 'figure', 'figcaption', 'svg', 'line', 'text', 'polyline']);

it('no text of a target opens a tag, an attribute or a comment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='x", '</style><script>', '<!--', ']]>', '&lt;', HOSTILE)), async (text) => {
      const html = await rendered(renderHtml, pageOf(text), blocksOf(text));
      const tags = [...html.matchAll(/<\/?([a-zA-Z!][\w-]*)/g)].map(([, name]) => name!.toLowerCase());
      expect(tags.filter((name) => !TAGS.has(name))).toEqual([]);
      expect(html.replace(/"[^"]*"/g, '""')).not.toMatch(/<[a-z][^>]*\son\w+\s*=/i);
      expect(html).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      // As many quotes in tags as our own page has.
      for (const [tag] of html.replace(/<style>[\s\S]*?<\/style>/, '').matchAll(/<[a-z][^>]*>/g)) expect((tag.match(/"/g) ?? []).length % 2).toBe(0);
    }),
    { numRuns: 60 },
  );
});

it('one file: no script, nothing loaded, only its own style permitted', async () => {
  const html = await rendered(renderHtml, pageOf('web'), blocksOf('web'));
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!;
  expect(policy).toContain("default-src 'none'");
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(style).digest('base64');
  expect(policy).toContain(`'sha256-${hash}'`);
  expect(html).not.toMatch(/<script|\ssrc=|\shref=|\sstyle=|url\(|@import/i);
  expect(html).toMatch(/<polyline class="series" points="[\d., ]+"\/>/);
});

it('a chart of very many points is thinned, and keeps its peak', async () => {
  const points = Array.from({ length: 20_000 }, (_, index) => ({ atMs: index * 500, value: index === 12_345 ? 900 : 100 }));
  const html = await rendered(renderHtml, report(), [{ type: 'chart', title: 'open', unit: 'fds', points }]);
  const drawn = /points="([^"]*)"/.exec(html)![1]!.split(' ');
  expect(drawn.length).toBeLessThan(700);
  const heights = drawn.map((pair) => Number(pair.split(',')[1]));
  expect(heights.filter((height) => height < heights[0]! - 50)).toHaveLength(1);
});

it.each([
  ['1. no list', '1\\. no list'], ['- none', '\\- none'], ['-', '\\-'],
  // A backslash before a digit is one that is seen.
  ['nginx (pid 42) on web1, 3. of 4', 'nginx (pid 42) on web1, 3. of 4'],
])('Markdown: %j begins no list', (text, escaped) => {
  expect(markdownText(text)).toBe(escaped);
});

it('Markdown: text stays text', async () => {
  expect(markdownText('<img onerror=x> | `a` *b* @team https://x.example [l](u) #1')).toBe('&lt;img onerror=x&gt; \\| \\`a\\` \\*b\\* &#64;team https&#58;//x.example \\[l\\](u) \\#1');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      const page = await rendered(renderMarkdown, pageOf(text), blocksOf(text));
      const outside = page.replace(/^(`{3,})sh\n[\s\S]*?\n\1$/gm, '').replace(/^ {4}.*$/gm, '');
      expect(outside).not.toMatch(/<[a-zA-Z/!]/);
      // No line of a table has more cells than its head.
      for (const line of outside.split('\n').filter((one) => one.startsWith('| '))) expect(line.replace(/\\\|/g, '').split('|').length).toBeLessThanOrEqual(5);
    }),
    { numRuns: 60 },
  );
  const command = await rendered(renderMarkdown, report(), [{ type: 'command', text: 'echo ``` ```` x' }]);
  expect(command).toContain('`````sh\necho ``` ```` x\n`````');
});
