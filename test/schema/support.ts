/** The published schema, compiled, and reports to hold against it. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export const schemaText = readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8');

export function compileSchema(schema: unknown = JSON.parse(schemaText)): ValidateFunction {
  // strictTypes would want a `type` beside each `if`; the rest of strict finds misspelt keywords.
  return new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(schema as object);
}

export type Json = Record<string, unknown>;

/** The smallest `fds` report with one of everything. */
export function fdsReport(): Json {
  return {
    schemaVersion: '1.0',
    tool: { name: 'reloadctl', version: '0.1.0' },
    command: 'fds',
    startedAt: '2026-11-22T03:20:17.496Z',
    durationMs: 44,
    host: { kernel: '6.18.44', hostname: 'vm' },
    target: { spec: '42', label: 'app (pid 42)', pids: [42] },
    verdict: 'fail',
    findings: [
      {
        id: 'fd/near-limit',
        severity: 'critical',
        confidence: 'certain',
        because: 'every number is taken',
        title: 'app has no descriptor left',
        subject: { kind: 'process', key: 'open descriptors', pid: 42, startTime: '123' },
        evidence: [{ name: 'open descriptors', value: 20, limit: 20, source: '/proc/42/fd' }],
        remedy: [{ text: 'raise it', command: 'prlimit --pid 42', risk: 'live' }],
        fingerprint: '0123456789abcdef',
      },
    ],
    coverage: [
      { source: 'fd table', status: 'partial', seen: 1, total: 2, detail: 'not permitted', fix: 'sudo reloadctl fds 42', needed: true },
    ],
    data: {
      open: 20,
      limit: { soft: 20, hard: null },
      processes: [
        {
          pid: 42,
          ppid: 1,
          startTime: '123',
          comm: 'app',
          uid: 0,
          state: 'S',
          open: 20,
          soft: 20,
          hard: null,
          ratio: 1,
          highest: 19,
          fdSize: 64,
        },
      ],
      groups: [
        {
          kind: 'file',
          key: '/x',
          count: 20,
          share: 1,
          flagsRead: 1,
          withoutCloexec: 0,
          deleted: 0,
          examples: [{ pid: 42, fd: 3, target: '/x' }],
          otherEnds: [],
        },
      ],
      fds: [
        {
          pid: 42,
          fd: 3,
          kind: 'file',
          target: '/x',
          cloexec: true,
          deleted: false,
          access: 'r',
          key: '/x',
          description: '/x',
          inode: '18446744073709551615',
        },
      ],
      threads: [{ pid: 42, tid: 43, comm: 'app', open: 1, table: 'own', fds: [{ fd: 0, target: '/x' }] }],
    },
  };
}

/** A deep copy with the member at `path` removed, or set to `value`. Throws when there is no such member. */
export function mutate(report: unknown, path: readonly (string | number)[], ...value: [unknown?]): unknown {
  const copy = structuredClone(report);
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => (node as Json)[key], copy) as Json;
  const last = path.at(-1)!;
  if (!(last in parent)) throw new Error(`no ${path.join('.')}`);
  if (value.length === 0) delete parent[last];
  else parent[last] = value[0];
  return copy;
}
