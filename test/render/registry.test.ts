import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { formatNamed, formats } from '../../src/render/index.ts';
import { finding, MemorySink, report } from './support.ts';

test('every format renders, under its own name', async () => {
  for (const [name, format] of Object.entries(formats)) {
    expect(format.name).toBe(name);
    const sink = new MemorySink();
    await format.render(report({ findings: [finding()] }), [{ type: 'paragraph', text: 'body' }], sink, { colour: false });
    expect(sink.text).toContain('sockets to 10.0.0.5:5432');
    expect(sink.text.endsWith('\n')).toBe(true);
    expect(await readdir('src/render')).toContain(`${name}.ts`);
  }
});

test('only own names are formats', () => {
  expect(formatNamed('json')).toBe(formats.json);
  expect(formatNamed('constructor')).toBeUndefined();
  expect(formatNamed('yaml')).toBeUndefined();
});
