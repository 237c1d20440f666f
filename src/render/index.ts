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
};

/** The format a user named, or undefined; `constructor` and the like are not formats. */
export function formatNamed(name: string): Format | undefined {
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
}

export { type ColourFlag, loadPaint, type Paint, wantsColour } from './colour.ts';
export type { Block, Cell, Column, TableBlock, Tone } from './document.ts';
export { visible } from './escape.ts';
export { DescriptorSink, FileSink, isNoTerminal } from './file-sink.ts';
export { OutputFileError } from './output-error.ts';
export { StreamSink } from './sink.ts';
export type { Format, RenderOptions, Sink } from './types.ts';
