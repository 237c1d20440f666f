/**
 * The one model every command ends in. This folder imports nothing of ours.
 */

export type Severity = 'critical' | 'warning' | 'info';
/** `certain`: a hit limit or a proof; `likely`: a rise with survivors; `hint`: one look. A hint is never critical. */
export type Confidence = 'certain' | 'likely' | 'hint';
export type Verdict = 'pass' | 'fail' | 'inconclusive';
/** `live` changes the running process only (prlimit, truncate); `host` changes the whole machine. */
export type Risk = 'none' | 'live' | 'reload' | 'restart' | 'host';
export type FailOn = Severity | 'never';

/** One observed fact behind a finding. `source` says where anybody can look it up: a /proc path, `app.strace:1041`, a URL. */
export interface EvidenceItem {
  name: string;
  value: string | number | boolean;
  unit?: string;
  limit?: number;
  source: string;
}

export interface Remedy {
  text: string;
  command?: string;
  risk: Risk;
}

/** What a finding is about. `key` has the structure of the thing; `pid` and `startTime` (clock ticks since boot) pin it to one process. */
export interface Subject {
  kind: string;
  key: string;
  pid?: number;
  startTime?: string;
}

export interface Finding {
  /** Stable, never reused; each has a page docs/findings/<id with / as ->.md */
  id: string;
  severity: Severity;
  confidence: Confidence;
  /** Why the confidence is what it is, one sentence. */
  because: string;
  /** One line, with the numbers. */
  title: string;
  subject: Subject;
  evidence: EvidenceItem[];
  remedy: Remedy[];
  /** id + structure of the subject: no pid, fd number, port, temp suffix or redacted name. Equal for the same fault tomorrow. */
  fingerprint: string;
}

export type CoverageStatus = 'ok' | 'partial' | 'denied' | 'absent' | 'unsupported' | 'timeout';

/** What was asked of the world and how much of it was answered. */
export interface Coverage {
  source: string;
  status: CoverageStatus;
  seen?: number;
  total?: number;
  detail?: string;
  /** The exact command, or sentence, that would get the rest. */
  fix?: string;
  /** True when the question cannot be answered without this source: anything but `ok` then makes the verdict inconclusive. */
  needed: boolean;
}

export interface Host {
  kernel: string;
  hostname: string;
}

/** The process or processes a report is about, as the user named them and as they were found. */
export interface Target {
  spec: string;
  label: string;
  pids: number[];
}

export interface Report<D = unknown> {
  schemaVersion: '1.0';
  tool: { name: 'reloadctl'; version: string };
  command: string;
  /** RFC 3339, UTC. */
  startedAt: string;
  durationMs: number;
  host: Host;
  target: Target | null;
  verdict: Verdict;
  findings: Finding[];
  coverage: Coverage[];
  data: D;
}
