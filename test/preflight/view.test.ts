/** The list of checks says of what was not read that it was not. */
import { expect, it } from 'vitest';
import { readProcess } from '../../src/kernel/process.ts';
import type { Binary, PreflightLook } from '../../src/preflight/model.ts';
import { viewOf } from '../../src/preflight/view.ts';
import { report, text as rendered } from '../render/support.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { worldOf } from '../support/fake-process.ts';

async function checkOf(binary: Binary): Promise<string> {
  const process = readProcess(fakeEvidence(worldOf({ pid: 42 })), 42)!;
  const look: PreflightLook = { type: 'preflight', process, pids: [42], binary, room: [], pidFiles: [], locks: [], backlogs: [] };
  return await rendered(report(), [...viewOf(look)]);
}

it('a bare name, looked for where its working directory is known', async () => {
  expect(await checkOf({ argument: 'nginx', by: 'cwd', cwd: '/srv' })).toMatch(/program file +no +nginx: not in the working directory \/srv/);
  expect(await checkOf({ argument: 'nginx', by: 'cwd' })).toMatch(/program file +unknown +nginx: its working directory may not be read/);
});
