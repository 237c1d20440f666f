/** The questions about inotify on a tape: noted, given back, and with pseudonyms that fit together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor, openTapeWriter, readTape } from '../../src/evidence/index.ts';
import type { Answer, Evidence, FileStat, InotifyQuestions } from '../../src/evidence/types.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';

const HEADER = { tool: '0.1.0', recordedAt: '2026-01-02T03:04:05Z', target: null };
const STAT: FileStat = { dev: '65024', ino: '7', mode: 0o100644, nlink: 1, size: 3, allocatedBytes: 4096 };
const HANDLE = { type: 1, bytes: '1cc09a00b019b443' };

const answered = <T>(value: T): Answer<T> => ({ value, at: 1, source: 'x' });

const QUESTIONS: InotifyQuestions = {
  queueBytes: (_pid, fd) => (fd === 9 ? { errno: 'EPERM', at: 1, source: 'x' } : answered(3200)),
  pathsOfHandles: (_pid, mountPoint, handles) => handles.map(() => answered({ path: `${mountPoint}/acme/billing.yaml (deleted)`, directory: false, unlinked: true })),
  lookInRoot: (_pid, path) => answered(path.endsWith('link') ? { stat: STAT, link: '../acme/billing.yaml' } : { stat: STAT }),
  handleInRoot: () => answered(HANDLE),
  listInRoot: () => answered([{ name: 'billing.yaml', ino: '7', type: 'file' as const }, { name: '..data', ino: '8', type: 'link' as const }]),
  searchMount: async () => answered({ found: [{ path: 'acme/billing.yaml', dev: '50', ino: '7', directory: false }], entries: 9, whole: true }),
  watcherProgram: async () => answered({ runtime: 'node', words: ['nodemon'], packages: [{ name: 'chokidar', version: '4.0.3' }] }),
};

async function ask({ inotify }: Evidence): Promise<unknown[]> {
  const questions = inotify!;
  const reply = ({ value, errno }: Answer<unknown>): unknown => value ?? errno;
  return [
    reply(questions.queueBytes(7, 3)),
    reply(questions.queueBytes(7, 9)),
    ...questions.pathsOfHandles(7, '/srv', [HANDLE, { type: 2, bytes: '00' }]).map(reply),
    reply(questions.lookInRoot(7, '/srv/acme/link')),
    reply(questions.handleInRoot(7, '/srv/acme/billing.yaml')),
    reply(questions.listInRoot(7, '/srv/acme')),
    reply(await questions.searchMount(7, '/srv/acme', ['7'])),
    reply(await questions.watcherProgram(7)),
  ];
}

function world(): Evidence {
  return { ...fakeEvidence({}), inotify: QUESTIONS };
}

describe('a tape', () => {
  it('gives back what was asked', async () => {
    const writer = openTapeWriter(world(), HEADER);
    const then = await ask(writer.evidence);
    expect(await ask(readTape(writer.finish(), 'x'))).toEqual(then);
    expect(then.slice(0, 2)).toEqual([3200, 'EPERM']);
  });

  it('goes on to where queues were looked at, whatever was watched before', async () => {
    let bytes = 0;
    const writer = openTapeWriter({ ...fakeEvidence({}), inotify: { ...QUESTIONS, queueBytes: () => answered((bytes += 32)) } }, HEADER);
    const looks = async ({ inotify, sleep }: { inotify?: InotifyQuestions; sleep(): Promise<void> }): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for (let round = 0; round < 3; round++) {
        seen.push(inotify!.queueBytes(7, 3).value);
        await sleep();
      }
      return seen;
    };
    // A watch of something else.
    for (let round = 0; round < 5; round++) await writer.evidence.sleep(10);
    const then = await looks({ inotify: writer.evidence.inotify!, sleep: () => writer.evidence.sleep(10) });
    const tape = readTape(writer.finish(), 'x');
    expect(await looks({ inotify: tape.inotify!, sleep: () => tape.sleep(10) })).toEqual(then);
  });

  it('with pseudonyms names nothing, and keeps what belongs together', async () => {
    const redactor = openRedactor(Buffer.alloc(32, 7));
    const writer = openTapeWriter(world(), HEADER, redactor);
    await ask(writer.evidence);
    const text = writer.finish();
    expect(text).not.toMatch(/acme|billing/);
    const tape = readTape(text, 'x').inotify!;
    const path = tape.pathsOfHandles(7, '/srv', [HANDLE])[0]!.value!.path;
    expect(path).toMatch(/^\/srv\/[a-z]{4}\/[a-z]{7}\.yaml \(deleted\)$/);
    const [, , folder = '', file = ''] = path.replace(' (deleted)', '').split('/');
    expect(tape.listInRoot(7, `/srv/${folder}`).value?.map(({ name }) => name)).toEqual([file, '..data']);
    expect(tape.lookInRoot(7, redactor.key('lookInRoot', '7:/srv/acme/link').slice(2)).value?.link).toBe(`../${folder}/${file}`);
    expect((await tape.searchMount(7, `/srv/${folder}`, ['7'])).value?.found[0]?.path).toBe(`${folder}/${file}`);
    expect((await tape.watcherProgram(7)).value?.packages).toEqual([{ name: 'chokidar', version: '4.0.3' }]);
  });

  it('has the same name for a file in every question', () => {
    const part = fc.stringMatching(/^[a-z0-9._-]{1,12}$/).filter((name) => !/^\.+$/.test(name));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const redactor = openRedactor(Buffer.alloc(32, 3));
        const path = `/${parts.join('/')}`;
        const { path: named } = redactor.value('pathOfHandle', '7:1:00:/', { path, directory: false });
        expect(redactor.key('lookInRoot', `7:${path}`)).toBe(`7:${named}`);
      }),
    );
  });
});
