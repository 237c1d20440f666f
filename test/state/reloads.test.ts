import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readReloads, recordReload, type ReloadEntry } from '../../src/state/reloads.ts';

let folder: string;
let env: Record<string, string>;
const entry: ReloadEntry = { at: '2026-11-23T01:00:00.000Z', by: 'drill', target: 'nginx', module: 'web' };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-state-'));
  env = { XDG_STATE_HOME: folder };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('reloads that were noted', () => {
  it('are read as they were written, in their order, and by nobody else', () => {
    const other: ReloadEntry = { ...entry, by: 'gate', module: null, target: 'http://api:8080' };
    const file = recordReload(entry, env);
    expect(recordReload(other, env)).toBe(file);
    expect(readReloads(env)).toEqual({ file: join(folder, 'reloadctl/reloads.jsonl'), entries: [entry, other], damaged: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('{"v":1,"at":"2026-11-23T01:00:00.000Z","by":"drill","target":"nginx","module":"web"}');
  });

  it('are none where there is no file, and not where it cannot be read', () => {
    expect(readReloads(env)).toMatchObject({ entries: [], damaged: 0 });
    expect(readReloads(env).errno).toBeUndefined();
    mkdirSync(join(folder, 'reloadctl/reloads.jsonl'), { recursive: true });
    expect(readReloads(env).errno).toBeDefined();
    expect(() => recordReload(entry, env)).toThrow(/reloads\.jsonl: the reload cannot be noted \(EISDIR\)/);
  });

  it.each([
    'x', '{}', '{"v":2,"at":"2026-11-23T01:00:00.000Z","by":"drill","target":"a","module":null}', '{"v":1,"at":"soon","by":"drill","target":"a","module":null}',
    '{"v":1,"at":"2026-11-23T01:00:00.000Z","by":"me","target":"a","module":null}', '{"v":1,"at":"2026-11-23T01:00:00.000Z","by":"drill","target":"a","module":3}', 'null', '[1]', '{"v":1,"at":"2026-11',
  ])('are kept beside a damaged line: %s', (line) => {
    const file = recordReload(entry, env);
    appendFileSync(file, line);
    recordReload(entry, env);
    expect(readReloads(env)).toMatchObject({ entries: [entry, entry], damaged: 1 });
  });

  it('are found in the home of the user, and a relative folder is none', () => {
    for (const state of [undefined, '', 'relative']) {
      expect(readReloads({ HOME: '/home/a', ...(state !== undefined && { XDG_STATE_HOME: state }) }).file).toBe('/home/a/.local/state/reloadctl/reloads.jsonl');
    }
  });

  it('of a very long file are the last ones', () => {
    const file = recordReload(entry, env);
    writeFileSync(file, `${JSON.stringify({ v: 1, ...entry, module: 'old' })}\n`.repeat(20_000));
    recordReload(entry, env);
    const { entries, damaged } = readReloads(env);
    expect([entries.at(-1), damaged]).toEqual([entry, 0]);
    expect(entries.length).toBeLessThan(20_000);
  });

  it('of any text are read without an error', () => {
    const file = recordReload(entry, env);
    fc.assert(fc.property(fc.string(), (text) => {
      writeFileSync(file, text);
      expect(readReloads(env).entries).toEqual([]);
    }), { numRuns: 50 });
  });
});
