/** Completion by the shells themselves: lines are typed at a terminal, and the shell says what words it made of them. */
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCommonOptions } from '../../src/cli/options.ts';
import { commands } from '../../src/commands.ts';
import type { Child } from './support/child.ts';
import { needGroups, endGroups, ownName, sleepIn } from './support/cgroups.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder } from './support/program.ts';
import { SHELLS, type Shell, startShell } from './support/shell.ts';
import { named } from './support/named-process.ts';

const PLAIN = 'rctl-plain.name';
/** Each would do something where a shell ran it, break a list, or move the cursor. */
const HOSTILE = ['rctl $(id >&2)', 'rctl`id`', "rctl';id;'", 'rctl\nline', 'rctl\x1b[2J', '-rctl', 'rctl*', 'rctl:x'];

const names = commands.map(({ name }) => name);

async function longOptions(name: string): Promise<string[]> {
  const command = new Command(name);
  (await commands.find((entry) => entry.name === name)!.load()).configure(command);
  addCommonOptions(command);
  return [...command.options.map(({ long }) => long!), '--help'].sort();
}

for (const shell of SHELLS) {
  describeNeeds([shell, 'script'], `completion in ${shell}`, () => {
    let typed: Shell;
    const processes: Child[] = [];

    beforeAll(async () => {
      const folder = ownFolder('names');
      for (const name of [PLAIN, ...HOSTILE]) processes.push(await named(folder, name));
      typed = await startShell(shell);
    });
    afterAll(async () => {
      await typed?.stop();
      await Promise.all(processes.map((child) => child.stop('SIGTERM')));
    });

    it('offers every command', async () => {
      expect((await typed.words('reloadctl ')).sort()).toEqual([...names, 'help'].sort());
      expect(await typed.words('reloadctl help comp')).toEqual(['completion']);
    });

    it('offers the options of every command, and no others', async () => {
      for (const name of names) expect([name, (await typed.words(`reloadctl ${name} --`)).filter((word) => word !== '--').sort()]).toEqual([name, await longOptions(name)]);
    });

    it.each([
      ['reloadctl fds --fail-on w', ['warning']],
      ['reloadctl fds --fail-on=w', ['--fail-on=warning']],
      ['reloadctl fds -q --color=al', ['--color=always']],
      ['reloadctl explain fd/near', ['fd/near-limit']],
      ['reloadctl schema inotify-l', ['inotify-limits']],
      ['reloadctl completion z', ['zsh']],
      ['reloadctl fds --where "a b" --columns pid,clo', ['pid,cloexec', 'pid,clock']],
      ['reloadctl fds --format js', ['json']],
      ['reloadctl fds --format json=/etc/hostna', ['json=/etc/hostname']],
      ['reloadctl fds --from /etc/hostna', ['/etc/hostname']],
      ['reloadctl strace -p 1 --engine tr', ['tracefs']],
      ['reloadctl preflight 1 --signal US', ['USR1', 'USR2']],
      ['reloadctl inotify-limits /etc/init', ['/etc/init.d']],
      ['reloadctl assert --node -- mkfif', ['mkfifo']],
    ])('%s', async (line, expected) => {
      // Whether a slash stays behind a folder is the shell's own affair.
      expect((await typed.words(line)).map((word) => word.replace(/\/$/, '')).sort()).toEqual(expected.sort());
    });

    it('offers processes by pid and by name, of which none is run, cut or shown as it is', async () => {
      const words = await typed.words('reloadctl fds ');
      expect(words).toEqual(expect.arrayContaining([PLAIN, ...processes.map(({ pid }) => String(pid))]));
      expect(words.filter((word) => /rctl/.test(word))).toEqual([PLAIN]);
      expect(words.filter((word) => !/^(?:[1-9]\d*|[A-Za-z_][\w.+@-]*|unit:|container:)$/.test(word))).toEqual([]);
      expect(await typed.words('reloadctl strace -p rctl-pl')).toEqual([PLAIN]);
    });

    it.skipIf(!needGroups())('offers units and containers by what is behind the colon', async () => {
      const [id, bare] = ['4f2a9c1b'.repeat(8), '0c7d1e22'.repeat(8)];
      try {
        for (const path of [`system.slice/rctl-${ownName}@1.service`, `system.slice/docker-${id}.scope`, `kubepods/burstable/pod1/${bare}`, 'system.slice/rctl $(id >&2).service']) await sleepIn(path);
        expect(await typed.words('reloadctl fds uni')).toEqual(['unit:']);
        expect(await typed.words('reloadctl report cont')).toEqual(['container:']);
        expect(await typed.words(`reloadctl fds unit:rctl-${ownName}`)).toEqual([`unit:rctl-${ownName}@1.service`]);
        expect(await typed.words('reloadctl fds unit:rctl')).toEqual([`unit:rctl-${ownName}@1.service`]);
        expect(await typed.words('reloadctl inherit container:4f2a9c1b4f2')).toEqual(['container:4f2a9c1b4f2a']);
        // Of several, readline inserts the rest behind the colon.
        expect((await typed.words('reloadctl tasks container:')).map((word) => word.replace(/^container:/, ''))).toEqual(expect.arrayContaining(['0c7d1e220c7d', '4f2a9c1b4f2a']));
      } finally {
        await endGroups();
      }
    });

    it.each(['', 'unit:'])('answers a Tab behind fds %s with less than 150 ms of processor time', async (word) => {
      const took = [];
      for (let round = 0; round < 5; round++) {
        const from = typed.cpuMs();
        await typed.words(`reloadctl fds ${word}`);
        took.push(typed.cpuMs() - from);
      }
      expect(Math.min(...took)).toBeGreaterThan(0);
      expect(Math.min(...took)).toBeLessThan(150);
    });
  });
}
