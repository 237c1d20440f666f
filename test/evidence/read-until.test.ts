/** Long tables are read as far as somebody needs them. */
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openLive } from '../../src/evidence/index.ts';
import { listenersOf, readDescriptors } from '../../src/node/listeners.ts';

describe('readUntil', () => {
  it('ends with the page that is enough, and reads all where none is', () => {
    const evidence = openLive();
    const all = evidence.read('/proc/kallsyms').value ?? '';
    const pages: string[] = [];
    const some = evidence.readUntil!('/proc/kallsyms', (page) => pages.push(page) === 2).value!;
    expect(some).toBe(pages.join(''));
    expect(some.length).toBeLessThan(all.length);
    expect(evidence.readUntil!('/proc/self/limits', () => false).value).toBe(evidence.read('/proc/self/limits').value);
    expect(evidence.readUntil!('/proc/none', () => false).errno).toBe('ENOENT');
    evidence.close();
  });

  it('finds the listeners of a process, which come first', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const evidence = openLive();
    const { listeners, ports, count } = await readDescriptors(evidence, process.pid);
    const own = listeners.find((listener) => listener.port === port)!;
    expect(own).toMatchObject({ host: '127.0.0.1', port });
    expect(ports.get(port)).toEqual([own.inode]);
    expect(count).toBeGreaterThan(3);
    expect(listenersOf(evidence, process.pid, new Map()).listeners).toEqual([]);
    evidence.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
