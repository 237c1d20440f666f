import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkCycles } from '../../src/evidence/link-cycles.ts';

function count(links: readonly (readonly [string, string])[]): number {
  const cycles = linkCycles();
  for (const [path, says] of links) cycles.add(path, says);
  return cycles.count();
}

/** Whoever goes from a link to all links below what it leads to, and on: does he come back to it? */
function slowly(links: readonly (readonly [string, string])[]): number {
  const all = links.map(([path, target]) => ({ directory: `${path.slice(0, path.lastIndexOf('/'))}/`, target: target === '/' ? '/' : `${target}/` }));
  const from = (target: string): number[] => all.flatMap(({ directory }, index) => (directory.startsWith(target) ? [index] : []));
  return all.filter((one, self) => {
    const met = new Set(from(one.target));
    for (const index of met) for (const next of from(all[index]!.target)) met.add(next);
    return met.has(self);
  }).length;
}

describe('links that lead round', () => {
  it.each([
    ['to a directory that holds it', [['/ws/a/up', '..']], 1],
    ['to itself', [['/ws/./a/self', '.']], 1],
    ['beside it', [['/ws/a/x', '../b'], ['/ws/a/f', 'g']], 0],
    ['to each other, as workspaces do', [['/ws/./packages/a/node_modules/b', '../../b'], ['/ws/./packages/b/node_modules/a', '../../a']], 2],
    ['one way only', [['/ws/a/n/b', '../../b'], ['/ws/b/n/c', '../../c']], 0],
    ['through another link', [['/ws/now', 'v1'], ['/ws/v1/n/b', '../../b'], ['/ws/b/n/a', '../../now/n']], 2],
    ['of three, and one that leads there', [['/a/l', '/b'], ['/b/l', '/c'], ['/c/l', '/a'], ['/d/l', '/a']], 3],
    ['of a loop that is none of directories', [['/a/x', 'y'], ['/a/y', 'x']], 0],
    ['as pnpm lays them, which ends', [['/n/.p/a/m/b', '../../b/m/b'], ['/n/.p/b/m/a', '../../a/m/a']], 0],
  ] as const)('%s', (_name, links, expected) => expect(count(links)).toBe(expected));

  it('are those that a search from each of them comes back to', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 0, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
    // Names of links are none of directories: no way leads through a link here.
    fc.assert(
      fc.property(fc.array(fc.tuple(path, path), { maxLength: 12 }), (pairs) => {
        const links = pairs.map(([directory, target], index) => [`${directory === '/' ? '' : directory}/l${index}`, target] as const);
        expect(count(links)).toBe(slowly(links));
      }),
    );
  });

  it('of tens of thousands are counted in no time', () => {
    const links = Array.from({ length: 60_000 }, (_, index) => [`/ws/p${index}/n/l`, `/ws/p${(index + 1) % 60_000}`] as const);
    // Of our own: what else the machine does is no measure.
    const began = process.cpuUsage();
    expect(count(links)).toBe(60_000);
    expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
  });
});
