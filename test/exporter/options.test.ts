import { describe, expect, it } from 'vitest';
import { parseExporter } from '../../src/exporter/options.ts';

describe('what is asked of the exporter', () => {
  it('is to listen, on this host alone, unless told otherwise', () => {
    expect(parseExporter({}).listen).toEqual({ host: '127.0.0.1', port: 9977 });
    expect(parseExporter({ listen: ':80' }).listen).toEqual({ host: '127.0.0.1', port: 80 });
    expect(parseExporter({ listen: '[::1]:80' }).listen).toEqual({ host: '::1', port: 80 });
    expect(parseExporter({ listen: '0.0.0.0:80' }).listen).toEqual({ host: '0.0.0.0', port: 80 });
    expect(parseExporter({ textfile: 'a.prom' }).listen).toBeUndefined();
    expect(parseExporter({ otlp: 'http://h:4318' }).listen).toBeUndefined();
    expect(parseExporter({ once: true }).listen).toBeUndefined();
  });

  it('may be to send, to the path of the protocol or another one', () => {
    expect(parseExporter({ otlp: 'http://h:4318' }).otlp?.href).toBe('http://h:4318/v1/metrics');
    expect(parseExporter({ otlp: 'https://h/in/metrics' }).otlp?.href).toBe('https://h/in/metrics');
  });

  it.each([
    [{ listen: 'x:y' }, '--listen: x:y is no address'],
    [{ listen: ':70000' }, 'is no address'],
    [{ once: true, listen: ':1' }, 'leave one out'],
    [{ once: true, interval: '1s' }, 'leave --interval out'],
    [{ textfile: 'a.txt' }, 'does not end in .prom'],
    [{ otlp: 'h:4318' }, '--otlp: h:4318'],
    [{ otlp: 'nonsense' }, 'is no URL'],
    [{ maxServices: '0' }, '--max-services: 0'],
    [{ interval: '0s' }, 'no time at all'],
  ])('%o is refused', (options, words) => {
    expect(() => parseExporter(options)).toThrow(words);
  });
});
