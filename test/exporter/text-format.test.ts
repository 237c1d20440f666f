/** The text that Prometheus reads: whatever a program calls itself, there is one sample per line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Family, gauge, single } from '../../src/exporter/families.ts';
import { dialectOf, toText } from '../../src/exporter/text-format.ts';

const family = (value: string): Family => gauge('reloadctl_x', 'help', [value], (service) => ({ service }), () => 1);

describe('a family', () => {
  it('is told with its help and type once, and without samples not at all', () => {
    expect(toText([gauge('a', 'What it is.', [1, 2], (n) => ({ n: String(n) }), (n) => n), gauge('b', 'none', [], () => ({}), () => 1), single('c', 'absent', null)], 'prometheus'))
      .toBe('# HELP a What it is.\n# TYPE a gauge\na{n="1"} 1\na{n="2"} 2\n');
  });

  it('of counters is called by what it counts in OpenMetrics, which ends with a mark', () => {
    const counter = single('c', 'counts', 3, 'counter');
    expect(toText([counter], 'prometheus')).toBe('# HELP c_total counts\n# TYPE c_total counter\nc_total 3\n');
    expect(toText([counter], 'openmetrics')).toBe('# HELP c counts\n# TYPE c counter\nc_total 3\n# EOF\n');
  });

  it('has no sample for what is no number', () => {
    expect(toText([single('a', 'x', Number.NaN), single('b', 'x', undefined)], 'prometheus')).toBe('');
  });
});

describe('a label', () => {
  it('is escaped', () => {
    expect(toText([family('a"b\\c\nd')], 'prometheus')).toContain('{service="a\\"b\\\\c\\\\nd"} 1\n');
  });

  it('of any text makes one line of a form that is read back', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => {
      const lines = toText([family(value)], 'openmetrics').split('\n');
      expect(lines).toHaveLength(5);
      expect(lines[2]).toMatch(/^reloadctl_x\{service="(?:[^"\\\n]|\\[\\"n])*"\} 1$/);
      expect(lines[2]).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }));
  });
});

describe('the dialect', () => {
  it.each([
    [undefined, 'prometheus'],
    ['text/plain', 'prometheus'],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2', 'openmetrics'],
  ])('for %s', (accept, expected) => {
    expect(dialectOf(accept)).toBe(expected);
  });
});
