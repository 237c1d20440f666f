/** The command that prints what the package publishes; the shells themselves are in test/live. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { completionFiles } from '../../src/completion/command.ts';
import { reloadctl } from '../live/support/program.ts';

it.each(Object.entries(completionFiles))('prints the script for %s', async (shell, path) => {
  const { code, stdout, stderr } = await reloadctl(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(readFileSync(join(import.meta.dirname, '../..', path), 'utf8'));
});

it('refuses a shell it does not know, and none', async () => {
  expect(await reloadctl(['completion', 'bsh'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('did you mean bash?') });
  expect(await reloadctl(['completion'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('shell') });
});
