import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { openLive } from '../../src/evidence/live.ts';
import type { Native } from '../../src/evidence/native/types.ts';
import { bundle, start, temporaryDirectory, until } from './support/world.ts';

const directory = temporaryDirectory();
afterAll(directory.remove);

const live = openLive({ readerDeadlineMs: 20_000 });
afterEach(() => {
  live.close();
});

describe('reading', () => {
  it.each(['/proc/self/limits', '/proc/self/status', '/proc/sys/kernel/ostype'])('gives all of %s', (path) => {
    const answer = live.read(path);
    expect(answer.errno).toBeUndefined();
    expect(answer.source).toBe(path);
    expect(answer.value?.split('\n')[0]).toBe(readFileSync(path, 'latin1').split('\n')[0]);
    expect(answer.value?.split('\n').length).toBe(readFileSync(path, 'latin1').split('\n').length);
  });

  it.each([0, 1, 49_151, 49_152, 49_153, 65_536, 200_001])('keeps every byte of a file of %i bytes', (size) => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
    const path = directory.file(`bytes-${size}`, bytes);
    expect(live.read(path).value).toBe(bytes.toString('latin1'));
  });

  it('leaves no descriptor open', () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 100; i++) {
      live.read('/proc/self/stat');
      live.read('/proc/self');
      live.read('/nowhere');
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('answers with the errno', () => {
    expect(live.read('/proc/self/nothing')).toMatchObject({ errno: 'ENOENT', source: '/proc/self/nothing' });
    expect(live.read('/proc/self/fd')).toMatchObject({ errno: 'EISDIR' });
    expect(live.readlink('/proc/self/fd/99999').errno).toBe('ENOENT');
    expect(live.readlink('/proc/self/stat').errno).toBe('EINVAL');
    expect(live.list('/proc/self/stat').errno).toBe('ENOTDIR');
    expect(live.size('/proc/0').errno).toBe('ENOENT');
    expect(live.read('/proc/self/nothing')).not.toHaveProperty('value');
  });

  it('refuses a file over the limit', () => {
    expect(live.read('/dev/zero').errno).toBe('EFBIG');
  });

  it('throws what is no answer of the system', () => {
    expect(() => live.read('a\0b')).toThrow(/null bytes/);
  });

  it('keeps names that are not UTF-8 byte for byte', () => {
    const name = Buffer.concat([Buffer.from(`${directory.path}/`), Buffer.from([0x66, 0xff, 0x0a, 0xc3])]);
    const fd = openSync(name, 'w');
    try {
      expect(live.readlink(`/proc/self/fd/${fd}`).value).toBe(name.toString('latin1'));
      expect(live.list(directory.path).value).toContain('f\xff\n\xc3');
    } finally {
      closeSync(fd);
    }
  });

  it('stamps answers with a time that does not run back', () => {
    const first = live.read('/proc/self/stat').at;
    const second = live.readlink('/proc/self/exe').at;
    expect(second).toBeGreaterThanOrEqual(first);
    expect(live.now()).toBeGreaterThanOrEqual(second);
  });

  it('sleeps as long as told', async () => {
    const before = live.now();
    await live.sleep(20);
    expect(live.now() - before).toBeGreaterThanOrEqual(19);
  });
});

it('sees all of a process with 2,000 descriptors', async () => {
  const open = "for (let i = 0; i < 2000; i++) require('fs').openSync('/proc/self/exe');";
  const program = start(['-e', `${open} console.log('ready'); process.stdin.resume();`]);
  onTestFinished(program.stop);
  await until(() => program.output().includes('ready'), 'the program to have its files');
  const fds = `/proc/${program.child.pid}/fd`;
  const names = live.list(fds).value ?? [];
  expect(names).toEqual(readdirSync(fds));
  expect(names.length).toBeGreaterThanOrEqual(2000);
  expect(names.map((name) => live.readlink(`${fds}/${name}`).value)).toEqual(names.map((name) => readlinkSync(`${fds}/${name}`)));
  for (const name of names) expect(live.read(`/proc/${program.child.pid}/fdinfo/${name}`).value).toMatch(/^pos:\t/);
  const size = live.size(fds).value;
  expect([0, names.length]).toContain(size);
});

it.skipIf(process.getuid?.() !== 0)('says EACCES of what another user may not see (needs root to become that user)', async () => {
  const target = start(['-e', "console.log('ready'); process.stdin.resume();"]);
  onTestFinished(target.stop);
  await until(() => target.output().includes('ready'), 'the target');
  const script = await bundle(
    directory.path,
    'nobody.mjs',
    `const at = '/proc/' + process.argv[2];
    const live = openLive();
    const slow = await live.readSlow([at + '/environ', at + '/maps', at + '/status', '/proc/self/cmdline']);
    const stats = await live.statSlow(at + '/fd', ['0']);
    const answers = [live.list(at + '/fd'), live.readlink(at + '/exe'), live.read(at + '/environ'), ...slow, ...stats];
    console.log(JSON.stringify(answers.map((answer) => answer.errno ?? 'answered')));
    live.close();`,
  );
  const nobody = start([script, String(target.child.pid)], { uid: 65534 });
  onTestFinished(nobody.stop);
  await until(() => nobody.output().endsWith('\n'), 'the answers');
  const denied = ['EACCES', 'EACCES', 'EACCES'];
  expect(JSON.parse(nobody.output())).toEqual([...denied, 'EACCES', 'EACCES', 'answered', 'answered', 'EACCES']);
});

describe('native calls', () => {
  const refused = Object.assign(new Error('no'), { code: 'EPERM' });
  const stub: Native = {
    sockDiag: () => [],
    sameDescription: () => true,
    isEpollTarget: () => {
      throw refused;
    },
    probeSocket: () => {
      throw new TypeError('a bug');
    },
  };

  it('pass answers and errnos on', () => {
    const evidence = openLive({ native: stub });
    expect(evidence.sockDiag('tcp')).toMatchObject({ value: [], source: 'sock_diag tcp' });
    expect(evidence.sameDescription(1, 2, 3, 4)).toMatchObject({ value: true });
    expect(evidence.isEpollTarget(1, 2, 3, 4)).toMatchObject({ errno: 'EPERM' });
    expect(() => evidence.probeSocket(1, 2)).toThrow('a bug');
  });

  it('say ENOTSUP where there are none', () => {
    const evidence = openLive({ native: null });
    expect(evidence.sockDiag('unix')).toMatchObject({ errno: 'ENOTSUP', source: 'sock_diag unix' });
    expect(evidence.sameDescription(1, 2, 3, 4).errno).toBe('ENOTSUP');
  });
});
