/** The rules of the house: which room may know which. A failure here names the import at fault. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../src');

interface Import {
  file: string;
  /** Path below src/ for our own files, else the module name. */
  to: string;
  own: boolean;
}

function sourceFiles(): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s*'([^']+)'/g;
  return [...text.matchAll(pattern)].map((match) => {
    const to = (match[1] ?? match[2] ?? match[3])!;
    const own = to.startsWith('.');
    return { file, to: own ? relative(root, join(root, dirname(file), to)) : to, own };
  });
}

const files = sourceFiles();
const imports = files.flatMap(importsOf);
const room = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path);

const subjectWings = ['fds', 'sockets', 'inotify', 'strace', 'goroutines', 'node', 'listen', 'tasks', 'inherit', 'preflight'];
const composingWings = ['diff', 'drill', 'gate', 'assert', 'incident', 'record', 'exporter', 'demo', 'doctor', 'explain', 'schema', 'completion'];
/** What each room may import of ours, besides itself. */
const mayImport: Record<string, readonly string[]> = {
  report: [],
  render: ['report'],
  evidence: [],
  kernel: ['evidence', 'report'],
  series: ['report', 'kernel'],
  effects: [],
  policy: ['evidence', 'kernel', 'report'],
  state: ['kernel'],
  ...Object.fromEntries(subjectWings.map((wing) => [wing, ['report', 'render', 'evidence', 'kernel', 'series', 'effects', 'command.ts', 'version.ts', 'package-files.ts']])),
  ...Object.fromEntries(composingWings.map((wing) => [wing, ['report', 'render', 'evidence', 'kernel', 'series', 'effects', 'command.ts', 'version.ts', 'package-files.ts', 'policy', 'state', ...subjectWings]])),
  'command.ts': ['evidence', 'kernel', 'render', 'report', 'series'],
  'commands.ts': ['command.ts', ...subjectWings, ...composingWings],
  'version.ts': ['..'],
  'package-files.ts': ['kernel'],
  'single-file.ts': ['cli.ts', 'package-files.ts', ...subjectWings, ...composingWings],
  cli: ['evidence', 'kernel', 'render', 'report', 'effects', 'command.ts'],
  'start.ts': ['asked-command.ts'],
  'cli.ts': ['cli', 'kernel', 'render', 'asked-command.ts', 'command.ts', 'commands.ts', 'evidence', 'report', 'version.ts'],
};

describe('the house', () => {
  test('there are files to judge', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(100);
  });

  test('data flows one way: every import of ours goes to a room that may be known', () => {
    const wrong = imports
      .filter(({ own }) => own)
      .filter(({ file, to }) => room(file) !== room(to) && !mayImport[room(file)]?.includes(room(to)))
      .map(({ file, to }) => `${file} -> ${to}`);
    expect(wrong).toEqual([]);
  });

  test('wings are entered through their index', () => {
    const wings = [...subjectWings, ...composingWings];
    const wrong = imports
      .filter(({ own, file, to }) => own && wings.includes(room(to)) && room(file) !== room(to))
      // The table takes the rule sets of two wings together, and tells one what another reads; it is no wing.
      .filter(({ file, to }) => !/^[a-z]+\/index\.ts$/.test(to) && !(file === 'commands.ts' && /^[a-z]+\/(?:rules|memory)\/index\.ts$/.test(to)))
      // Programs of their own are entries, of scripts/build.mjs too.
      .filter(({ file }) => file !== 'single-file.ts')
      .map(({ file, to }) => `${file} -> ${to}`);
    expect(wrong).toEqual([]);
  });

  test('rules are pure: they know the report, the kernel and the types of answers only', () => {
    const wrong = imports
      .filter(({ file }) => file.includes('/rules/'))
      .filter(({ file, to, own }) => (own ? !['report', 'kernel', 'series', room(file)].includes(room(to)) && to !== 'evidence/types.ts' : true))
      .map(({ file, to }) => `${file} -> ${to}`);
    expect(wrong).toEqual([]);
  });

  test('only some rooms touch the world', () => {
    const world = /^node:(fs|fs\/promises|child_process|net|http|https|dgram|tls|inspector|worker_threads|readline|timers)$|^(execa|koffi|systeminformation)$/;
    const allowed = [
      /^evidence\//,
      /^effects\//,
      // What asks the server that is drilled.
      /^drill\/load\//,
      // What is remembered from one run to the next.
      /^state\//,
      // Output files of --format NAME=FILE.
      /^render\/file-sink\.ts$/,
      // What scrapers connect to, and where OTLP is sent: output, as files are.
      /^exporter\/(server|push)\.ts$/,
      // Reads pages and schema that are part of the package.
      /^package-files\.ts$/,
      /^explain\//,
      /^schema\//,
      /^completion\//,
      // Before there is a program: reads its text.
      /^start\.ts$/,
      // Asks on the terminal.
      /^cli\/confirm\.ts$/,
      // Runs in programs of others, and wraps what they use.
      /^node\/register\//,
      // A program of its own: the leaking server, and the one who starts and ends it.
      /^demo\//,
    ];
    const wrong = imports
      .filter(({ to, own }) => !own && world.test(to))
      .filter(({ file }) => !allowed.some((pattern) => pattern.test(file)))
      .map(({ file, to }) => `${file} -> ${to}`);
    expect(wrong).toEqual([]);
  });

  test('only cli and render know a terminal (and the demo, which waits for Enter; programs of ours heed the end of their input), and nobody ends the process', () => {
    const wrong = files.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      if (/process\.(exit|reallyExit|abort)\(/.test(text)) return true;
      return /process\.(stdout|stderr|stdin)|isTTY|console\./.test(text) && !/^(cli\.ts|cli\/|render\/|demo\/|effects\/line-program\.ts$|effects\/inspector\/relay\.ts$|node\/register\/)/.test(file);
    });
    expect(wrong).toEqual([]);
  });
});
