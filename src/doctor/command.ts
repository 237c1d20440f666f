/** `doctor`: what this host permits for reloadctl, and how to get the rest. */
import type { CommandContext, CommandModule, Outcome } from '../command.ts';
import type { Evidence } from '../evidence/types.ts';
import type { Coverage } from '../report/index.ts';
import { callRows, readersRow } from './calls.ts';
import type { Capability } from './capability.ts';
import { hostFilesRow, kernelRow, procRow, yamaRow } from './kernel.ts';
import { mayPtrace, readRights, rightsRows } from './rights.ts';
import { containerRow, nodeRow, ownLimitRow, programsRow, singleFileRow } from './surroundings.ts';
import { tableOf } from './table.ts';

/** What is known without asking the host. */
export interface Self {
  pid: number;
  /** `v20.20.2`. */
  nodeVersion: string;
  /** `1.4.5`: of the single file, which has no Node. */
  bunVersion?: string | undefined;
  today: Date;
}

export const configure: CommandModule['configure'] = () => undefined;

export async function run(_args: string[], _options: Record<string, unknown>, { evidence }: CommandContext): Promise<Outcome> {
  const capabilities = await examine(evidence, {
    pid: process.pid,
    nodeVersion: process.version,
    bunVersion: process.versions.bun,
    today: new Date(),
  });
  const table = await tableOf(capabilities);
  return {
    kind: 'report',
    target: null,
    findings: [],
    coverage: capabilities.map(coverageOf),
    data: { capabilities },
    body: () => [{ type: 'preformatted', text: table }],
  };
}

/** Every capability, in the order of the table. */
export async function examine(evidence: Evidence, self: Self): Promise<Capability[]> {
  const rights = readRights(evidence);
  return [
    kernelRow(evidence),
    procRow(evidence),
    ...rightsRows(rights),
    yamaRow(evidence, mayPtrace(rights)),
    ...callRows(evidence, self),
    await readersRow(evidence, self.pid),
    containerRow(evidence),
    ownLimitRow(evidence),
    hostFilesRow(evidence),
    self.bunVersion === undefined ? nodeRow(self.nodeVersion, self.today) : singleFileRow(self.bunVersion),
    programsRow(evidence),
  ];
}

/** Only a host without /proc leaves the question open: everything else that is missing is an answer. */
function coverageOf({ name, status, loses, fix }: Capability): Coverage {
  return {
    source: name,
    status,
    needed: name === '/proc' && status !== 'partial',
    ...(loses !== undefined && { detail: loses }),
    ...(fix !== undefined && { fix }),
  };
}
