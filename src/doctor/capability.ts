import type { CoverageStatus } from '../report/index.ts';

/** One thing this host permits or does not. */
export interface Capability {
  name: string;
  /** As in coverage: `denied` is a right we lack, `unsupported` what kernel or installation lack, `absent` what is not there. */
  status: CoverageStatus;
  /** The fact, as it was read. */
  detail: string;
  /** What reloadctl cannot tell without it. Absent exactly when the status is `ok`. */
  loses?: string;
  /** How to get it. */
  fix?: string;
}

/** Where it would work: a container often cannot be given rights from inside. */
export const FROM_OUTSIDE = 'run it on the host, or: docker run --pid=host --cap-add=SYS_PTRACE, kubectl debug --profile=sysadmin';
