import type { Block } from '../../src/render/document.ts';
import { renderText } from '../../src/render/text.ts';
import type { RenderOptions, Sink } from '../../src/render/types.ts';
import type { Finding, Report } from '../../src/report/types.ts';

/** Keeps what is written, piece by piece. */
export class MemorySink implements Sink {
  readonly chunks: string[] = [];

  write(chunk: string): void {
    this.chunks.push(chunk);
  }

  get text(): string {
    return this.chunks.join('');
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

export function finding(changes: Partial<Finding> = {}): Finding {
  return {
    id: 'fd/growth',
    severity: 'warning',
    confidence: 'likely',
    because: 'it rose in each of 40 samples and the new ones stayed',
    title: 'sockets to 10.0.0.5:5432 grow by 23 a minute',
    subject: { kind: 'fd-group', key: 'tcp 10.0.0.5:*' },
    evidence: [{ name: 'open now', value: 1019, unit: 'fds', limit: 1024, source: '/proc/42/fd' }],
    remedy: [{ text: 'Close the pool in the reload handler.', risk: 'reload' }],
    fingerprint: 'f1',
    ...changes,
  };
}

export function report<D = object>(changes: Partial<Report<D>> = {}): Report<D> {
  return {
    schemaVersion: '1.0',
    tool: { name: 'reloadctl', version: '0.1.0' },
    command: 'fds',
    startedAt: '2026-11-22T02:00:00.000Z',
    durationMs: 12.4,
    host: { kernel: '6.18.0', hostname: 'web1' },
    target: { spec: 'nginx', label: 'nginx', pids: [42] },
    verdict: 'pass',
    findings: [],
    coverage: [{ source: '/proc/42/fd', status: 'ok', needed: true }],
    data: {} as D,
    ...changes,
  };
}

/** Control, format and separator characters a terminal obeys or hides; newlines between lines are ours. */
export const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/u;

/** A name as a hostile workload would choose it. */
export const HOSTILE = 'a\u001b[2J\nCRITICAL\r\t\u009b31m\u202egnp.\u200bx\ud800\ufeff\u0007';

/** The whole text of a report, without colours unless asked for. */
export async function text(of: Report, body: Block[] = [], options: Partial<RenderOptions> = {}): Promise<string> {
  const sink = new MemorySink();
  await renderText(of, body, sink, { colour: false, ...options });
  return sink.text;
}
