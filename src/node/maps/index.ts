/** From a place in what runs to the place in what was written: source maps that are part of the script, or lie beside it. */
import { readOwnedFile } from '../../evidence/owned-file.ts';
import { pathOf } from '../join/sites.ts';
import type { Frame } from '../model.ts';
import { asList, asRecord, asText } from '../read/decode.ts';
import { decodeMappings, type Mapping, mappingAt } from './vlq.ts';

interface SourceMap {
  rows: Mapping[][];
  sources: string[];
}

/** Maps a frame, or gives it back as it is. */
export type MapFrame = (frame: Frame) => Frame;

const MOST_BYTES = 32 * 1024 * 1024;
const MOST_MAPS = 200;

/**
 * @param urls of source maps, by the name of the script as the runtime has it
 * @param uid of the target: a map that belongs to somebody else is not followed
 * @param readable the files of the target are our files: the same mount namespace
 */
export function mapperOf(urls: ReadonlyMap<string, string>, uid: number, readable: boolean): MapFrame {
  const byPath = new Map([...urls].map(([name, url]) => [pathOf(name), url]));
  const loaded = new Map<string, SourceMap | undefined>();
  return (frame) => {
    const path = pathOf(frame.file);
    const url = byPath.get(path);
    if (url === undefined) return frame;
    if (!loaded.has(path)) loaded.set(path, loaded.size < MOST_MAPS ? load(path, url, uid, readable) : undefined);
    const map = loaded.get(path);
    const found = map && mappingAt(map.rows, frame.line - 1, frame.column - 1);
    const source = found && map.sources[found.source];
    return source === undefined ? frame : { func: frame.func, file: source, line: found!.line + 1, column: found!.sourceColumn + 1 };
  };
}

/** `data:` URLs, and files below or beside the script. Nothing is ever fetched. */
function load(script: string, url: string, uid: number, readable: boolean): SourceMap | undefined {
  const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (inline) return parseMap(inline[1] ? Buffer.from(inline[2]!, 'base64').toString('utf8') : decodeSafe(inline[2]!), script);
  if (!readable || !script.startsWith('/') || /^[a-z][\w+.-]*:/i.test(url) || url.startsWith('/') || url.split('/').includes('..')) return undefined;
  const text = readOwnedFile(`${folderOf(script)}${decodeSafe(url)}`, uid, MOST_BYTES);
  return text === undefined ? undefined : parseMap(text, script);
}

/** Undefined for what is no map; one of sections is not followed. */
export function parseMap(text: string, script: string): SourceMap | undefined {
  try {
    const { version, mappings, sources, sourceRoot } = asRecord(JSON.parse(text.replace(/^\)\]\}'[^\n]*\n/, '')));
    if (version !== 3 || typeof mappings !== 'string') return undefined;
    const root = asText(sourceRoot) ?? '';
    return { rows: decodeMappings(mappings), sources: asList(sources).map((name) => resolve(script, root, asText(name) ?? '')) };
  } catch {
    return undefined;
  }
}

/** A source is named relative to the script; bundlers name theirs `webpack://app/./src/a.ts`, which stays. */
function resolve(script: string, root: string, name: string): string {
  if (name === '') return script;
  const whole = root === '' ? name : `${root.replace(/\/$/, '')}/${name}`;
  if (whole.startsWith('file://')) return pathOf(whole);
  if (/^[a-z][\w+.-]*:/i.test(whole)) return whole;
  const parts: string[] = [];
  for (const part of (whole.startsWith('/') ? whole : `${folderOf(script)}${whole}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function decodeSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
