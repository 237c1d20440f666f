import { describe, expect, it } from 'vitest';
import { checkPlanted } from '../../src/demo/check.ts';
import { startedWords, storyBlocks } from '../../src/demo/story.ts';
import type { Block } from '../../src/render/index.ts';
import { blockLines } from '../../src/render/blocks.ts';
import { plain } from '../../src/render/colour.ts';
import { allFindings, finding, planted, seen } from './findings.ts';

const machine = { os: 'Debian GNU/Linux 12', kernel: '6.18.44', cpus: 2, memoryBytes: 24 * 1024 ** 3, availableBytes: 20 * 1024 ** 3 };
const server = { pid: 4242, planted };

function textOf(blocks: Iterable<Block>): string {
  return [...blockLines(blocks, { paint: plain })].join('');
}

function story(options: { findings?: ReturnType<typeof allFindings>; keep?: boolean } = {}): string {
  const findings = options.findings ?? allFindings();
  return textOf(storyBlocks({ server, machine, faults: checkPlanted(planted, findings, seen), findings, keep: options.keep ?? false }));
}

describe('the story', () => {
  it('begins with the machine, the server, and the command that looks at it', () => {
    expect(startedWords(server, machine)).toEqual([
      'demo: Debian GNU/Linux 12, Linux 6.18.44, 2 CPUs, 24.0 GiB of memory (20.0 GiB available)',
      expect.stringMatching(/127\.0\.0\.1:8080, process 4242;.*: reloadctl fds 4242$/),
    ]);
  });

  it('holds what was found against what was planted', () => {
    expect(story()).toMatch(/^ +40 +40 {2}found {2}connections closed by the client only +socket\/close-wait$/m);
    expect(story({ findings: allFindings().slice(0, 1) })).toMatch(/^ +40 +0 {2}NOT FOUND {2}connections/m);
  });

  it('says of every finding what it means', () => {
    const text = story({ findings: [...allFindings(), finding('fd/past-peak', {})] });
    for (const { id } of allFindings()) expect(text).toMatch(new RegExp(`^- ${id}: \\w.{60,}\\.$`, 'm'));
    expect(text).toMatch(/^- fd\/past-peak: see reloadctl explain fd\/past-peak$/m);
  });

  it('offers commands with the pid while the server is there, and how to keep it when it is not', () => {
    expect(story({ keep: true })).toMatch(/^ {2}\$ reloadctl fds 4242$/m);
    expect(story({ keep: true })).not.toContain('--keep');
    expect(story()).toMatch(/^ {2}\$ reloadctl fds <pid>$/m);
    expect(story()).toMatch(/^ {2}\$ reloadctl demo --keep$/m);
  });
});
