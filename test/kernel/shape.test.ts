import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../src/kernel/shape.ts';

describe('shapeOf', () => {
  it.each([
    ['/var/log/app-17.log', '/a/a/a-*.log'],
    ['/var/log/app-17.log (deleted)', '/a/a/a-*.log (deleted)'],
    ['/home/me/.bashrc', '/a/a/.a'],
    ['/srv/x.verylongextension', '/a/a.a'],
    ['/srv/com.example/x', '/a/a.a/a'],
    ['/srv/caf\u00c3\u00a9.txt', '/a/a.txt'],
    ['@abstract-7', '@a-*'],
    ['', ''],
  ])('%s -> %s', (path, shape) => expect(shapeOf(path)).toBe(shape));

  it('is the same when every run of letters gets another name', () => {
    const part = fc.oneof(fc.stringMatching(/^[a-z]{1,12}$/), fc.stringMatching(/^[0-9]{1,6}$/), fc.constantFrom('-', '_', '/', '.'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), fc.constantFrom('.log', '.tmp', ''), (parts, extension) => {
        const path = `/${parts.join('')}/end-${extension}`;
        const renamed = `/${parts.join('').replace(/[a-z]+/g, 'xother')}/xend-${extension}`;
        expect(shapeOf(renamed)).toBe(shapeOf(path));
      }),
    );
  });

  it('keeps no name', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\/([a-z0-9.-]{1,20}\/){0,3}[a-z0-9-]{1,20}$/), (path) => {
        expect(shapeOf(path)).not.toMatch(/[b-z]|aa|[0-9]/);
      }),
    );
  });
});
