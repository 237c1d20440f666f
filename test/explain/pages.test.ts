import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { findPage, type Page, parsePage, readPages } from '../../src/explain/pages.ts';
import { UserError } from '../../src/kernel/user-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-pages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = ['fd/near-limit', 'fd/growth', 'goroutine/growth', 'socket/close-wait', 'listen/accept-queue-full'];
const pages: Page[] = ids.map((id) => ({ id, summary: `what ${id} is`, text: `# ${id}: what ${id} is\n` }));

function failure(name: string): UserError {
  try {
    findPage(pages, name);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`${name} was found`);
}

describe('parsePage', () => {
  it('reads id and summary of the first line', () => {
    const text = '# fd/near-limit: a process is about to run out of descriptors\n\nMore.\n';
    expect(parsePage(text)).toEqual({ id: 'fd/near-limit', summary: 'a process is about to run out of descriptors', text });
  });

  it.each(['', 'fd/near-limit: x', '# Findings\n', '## fd/near-limit: x\n', '\n# fd/near-limit: x\n', '# fd/near-limit:\n'])(
    'is no page: %j',
    (text) => {
      expect(parsePage(text)).toBeUndefined();
    },
  );

  it('gives back any id and summary', () => {
    const part = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
    const summary = fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/).filter((text) => !/^[: ]/.test(text));
    fc.assert(
      fc.property(part, part, summary, fc.string(), (wing, name, words, rest) => {
        expect(parsePage(`# ${wing}/${name}: ${words}\n${rest}`)).toMatchObject({ id: `${wing}/${name}`, summary: words });
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parsePage(text) === undefined || text.startsWith('# ')));
  });
});

describe('readPages', () => {
  it('takes the pages of a folder, in the order of their ids, and nothing else', () => {
    writeFileSync(join(folder, 'socket-idle.md'), '# socket/idle: b\n');
    writeFileSync(join(folder, 'fd-growth.md'), '# fd/growth: a\n');
    writeFileSync(join(folder, 'README.md'), '# All findings\n');
    writeFileSync(join(folder, 'notes.txt'), '# fd/notes: c\n');
    expect(readPages(folder).map((page) => page.id)).toEqual(['fd/growth', 'socket/idle']);
  });

  it('says so when there is no folder', () => {
    mkdirSync(join(folder, 'empty'));
    expect(readPages(join(folder, 'empty'))).toEqual([]);
    expect(() => readPages(join(folder, 'absent'))).toThrow(UserError);
  });
});

describe('findPage', () => {
  it.each([
    ['fd/near-limit', 'fd/near-limit'],
    ['fd-near-limit', 'fd/near-limit'],
    ['FD/Near-Limit', 'fd/near-limit'],
    ['near-limit', 'fd/near-limit'],
    ['limit', 'fd/near-limit'],
    ['queue-full', 'listen/accept-queue-full'],
    ['goroutine-growth', 'goroutine/growth'],
  ])('%s is %s', (name, id) => {
    expect(findPage(pages, name).id).toBe(id);
  });

  it('lists all that an end may mean', () => {
    const error = failure('growth');
    expect(error.exitCode).toBe(2);
    expect(error.hints.join('\n')).toMatch(/explain fd\/growth .*\n.*explain goroutine\/growth /);
  });

  it.each([
    ['fd/near-limti', 'fd/near-limit'],
    ['fd-grwth', 'fd/growth'],
    ['close-wiat', 'socket/close-wait'],
  ])('for %s names %s', (name, id) => {
    const error = failure(name);
    expect(error.exitCode).toBe(2);
    expect(error.message).toBe(`no finding ${name}, did you mean ${id}?`);
    expect(error.hints).toEqual([`reloadctl explain ${id}`]);
  });

  it('guesses nothing from far away', () => {
    const error = failure('completely-different-thing');
    expect(error.message).toBe('no finding completely-different-thing');
    expect(error.hints[0]).toContain('lists them all');
  });

  it('finds each page by its id, its dashes, and nothing by an empty name', () => {
    for (const { id } of pages) for (const name of [id, id.replace('/', '-')]) expect(findPage(pages, name).id).toBe(id);
    expect(() => findPage(pages, '')).toThrow(UserError);
  });
});
