import type { Format } from './types.ts';

/** Every output format by its name. Each is loaded when it is used. */
export const formats: Readonly<Record<string, Format>> = {
  text: {
    name: 'text',
    extension: 'txt',
    render: async (...args) => (await import('./text.ts')).renderText(...args),
  },
  json: {
    name: 'json',
    extension: 'json',
    render: async (report, body, sink) => (await import('./json.ts')).renderJson(report, body, sink),
  },
  ndjson: {
    name: 'ndjson',
    extension: 'ndjson',
    render: async (report, body, sink) => (await import('./ndjson.ts')).renderNdjson(report, body, sink),
  },
  markdown: {
    name: 'markdown',
    extension: 'md',
    render: async (...args) => (await import('./markdown.ts')).renderMarkdown(...args),
  },
  html: {
    name: 'html',
    extension: 'html',
    isShared: true,
    render: async (...args) => (await import('./html.ts')).renderHtml(...args),
  },
  junit: {
    name: 'junit',
    extension: 'xml',
    render: async (...args) => (await import('./junit.ts')).renderJunit(...args),
  },
  sarif: {
    name: 'sarif',
    extension: 'sarif',
    render: async (...args) => (await import('./sarif.ts')).renderSarif(...args),
  },
  github: {
    name: 'github',
    extension: 'txt',
    render: async (...args) => (await import('./github.ts')).renderGithub(args[0], args[1], args[2]),
  },
  tap: {
    name: 'tap',
    extension: 'tap',
    render: async (...args) => (await import('./tap.ts')).renderTap(...args),
  },
};

/** The format a user named, or undefined; `constructor` and the like are not formats. */
export function formatNamed(name: string): Format | undefined {
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
}

export { type ColourFlag, loadPaint, type Paint, wantsColour } from './colour.ts';
export type { Block, Cell, ChartBlock, Column, TableBlock, Tone } from './document.ts';
export { visible } from './escape.ts';
export { changes, frameOf } from './frame.ts';
export { FileSink } from './file-sink.ts';
export { OutputFileError } from './output-error.ts';
export { stdoutSink, terminalAt } from './stdout.ts';
export type { Format, RenderOptions, Sink } from './types.ts';
