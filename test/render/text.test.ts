import { expect, test } from 'vitest';
import type { Block } from '../../src/render/document.ts';
import { columnsOf } from '../../src/render/width.ts';
import type { Report } from '../../src/report/types.ts';
import { DANGEROUS, finding, HOSTILE, report, text } from './support.ts';

const SICK = report({
  verdict: 'fail',
  findings: [
    finding({ id: 'fd/no-cloexec', severity: 'info', confidence: 'certain', title: '3 listeners would survive exec' }),
    finding(),
    finding({
      id: 'fd/near-limit',
      severity: 'critical',
      confidence: 'certain',
      title: 'nginx has 1,019 of 1,024 descriptors open',
      because: 'the limit and the table were read at the same moment',
      evidence: [
        { name: 'open', value: 1019, unit: 'fds', limit: 1024, source: '/proc/42/fd' },
        { name: 'unlinked', value: 16_777_216, unit: 'bytes', source: '/proc/42/fd/7' },
        { name: 'runs out in', value: 125_000, unit: 'ms', source: '/proc/42/fd' },
        { name: 'hard limit reached', value: false, source: '/proc/42/limits' },
      ],
      remedy: [
        { text: 'Raise the soft limit of the running process.', command: 'prlimit --pid 42 --nofile=65536', risk: 'live' },
        { text: 'Find who opens them.', risk: 'none' },
      ],
    }),
  ],
  coverage: [
    { source: '/proc/42/fd', status: 'ok', seen: 1019, total: 1019, needed: true },
    { source: '/proc/42/fdinfo', status: 'partial', seen: 212, total: 1019, detail: 'EACCES', fix: 'sudo reloadctl fds 42', needed: false },
  ],
});

const BODY: Block[] = [
  { type: 'heading', text: 'Open descriptors' },
  {
    type: 'table',
    columns: [{ title: 'COUNT', align: 'right' }, { title: 'KIND' }, { title: 'GROUP', flex: true }],
    rows: [
      ['1,002', 'tcp', '10.0.0.5:5432'],
      [17, 'file', { text: '/var/log/nginx/*.log', tone: 'warning' }],
    ],
  },
  { type: 'heading', text: 'Process' },
  {
    type: 'facts',
    items: [
      ['pid', 42],
      ['started', '3 h 4 min ago'],
    ],
  },
  { type: 'list', items: ['one', 'two'] },
  { type: 'blank' },
  { type: 'paragraph', text: 'Watch it grow:', tone: 'dim' },
  { type: 'command', text: 'reloadctl fds 42 --watch 30s', note: 'reads only' },
];

test('a sick process, in a pipe: the verdict first, then evidence, remedy, tables, coverage', async () => {
  expect(await text(SICK, BODY)).toMatchInlineSnapshot(`
    "CRITICAL  nginx has 1,019 of 1,024 descriptors open (certain), and 2 more findings
      why: the limit and the table were read at the same moment
      open                1,019 fds (limit 1,024)  /proc/42/fd
      unlinked            16.0 MiB                 /proc/42/fd/7
      runs out in         2 min 5 s                /proc/42/fd
      hard limit reached  no                       /proc/42/limits
      do: Raise the soft limit of the running process. [changes the running process]
          $ prlimit --pid 42 --nofile=65536
      do: Find who opens them.
      more: reloadctl explain fd/near-limit

    WARNING  sockets to 10.0.0.5:5432 grow by 23 a minute (likely, fd/growth)
      do: Close the pool in the reload handler. [needs a reload]

    INFO  3 listeners would survive exec (certain, fd/no-cloexec)

    Open descriptors
    COUNT  KIND  GROUP
    1,002  tcp   10.0.0.5:5432
       17  file  /var/log/nginx/*.log

    Process
    pid      42
    started  3 h 4 min ago
    - one
    - two

    Watch it grow:
      $ reloadctl fds 42 --watch 30s
        reads only

    looked at nginx (pid 42) on web1, 2026-11-22T02:00:00.000Z, 12 ms
    Not fully read:
      /proc/42/fdinfo  partial, 212 of 1,019 read: EACCES
        fix: sudo reloadctl fds 42
    "
  `);
});

test('the same on a terminal fits its width and is folded, commands stay whole', async () => {
  const shown = await text(SICK, BODY, { columns: 44 });
  expect(shown).toMatchInlineSnapshot(`
    "CRITICAL  nginx has 1,019 of 1,024
              descriptors open (certain), and 2
              more findings
      why: the limit and the table were read at
           the same moment
      open: 1,019 fds (limit 1,024),
        /proc/42/fd
      unlinked: 16.0 MiB, /proc/42/fd/7
      runs out in: 2 min 5 s, /proc/42/fd
      hard limit reached: no, /proc/42/limits
      do: Raise the soft limit of the running
          process. [changes the running process]
          $ prlimit --pid 42 --nofile=65536
      do: Find who opens them.
      more: reloadctl explain fd/near-limit

    WARNING  sockets to 10.0.0.5:5432 grow by 23
             a minute (likely, fd/growth)
      do: Close the pool in the reload handler.
          [needs a reload]

    INFO  3 listeners would survive exec
          (certain, fd/no-cloexec)

    Open descriptors
    COUNT  KIND  GROUP
    1,002  tcp   10.0.0.5:5432
       17  file  /var/log/nginx/*.log

    Process
    pid      42
    started  3 h 4 min ago
    - one
    - two

    Watch it grow:
      $ reloadctl fds 42 --watch 30s
        reads only

    looked at nginx (pid 42) on web1,
    2026-11-22T02:00:00.000Z, 12 ms
    Not fully read:
      /proc/42/fdinfo  partial, 212 of 1,019
        read: EACCES
        fix: sudo reloadctl fds 42
    "
  `);
});

test('a healthy process is one line, the tables and what was looked at', async () => {
  expect(await text(report())).toBe(
    'OK  nothing wrong found\n\nlooked at nginx (pid 42) on web1, 2026-11-22T02:00:00.000Z, 12 ms; everything asked was readable\n',
  );
});

test('quiet is the headline only', async () => {
  const shown = await text(SICK, BODY, { quiet: true });
  expect(shown).toBe('CRITICAL  nginx has 1,019 of 1,024 descriptors open (certain), and 2 more findings\n');
});

test('evidence beyond four lines and the other sources come with verbose', async () => {
  const evidence = Array.from({ length: 8 }, (_, i) => ({ name: `sample ${i}`, value: i, source: `/proc/42/fd#${i}` }));
  const many = report({ findings: [finding({ evidence })] });
  const normal = await text(many);
  expect(normal).toContain('sample 3');
  expect(normal).not.toContain('sample 4');
  expect(normal).toContain('and 4 more lines of evidence');
  const verbose = await text(many, [], { verbose: true });
  expect(verbose).toContain('sample 7');
  expect(verbose).toMatch(/Read:\n {2}\/proc\/42\/fd {2}ok\n$/);
});

test('many findings: the worst in full, five with what to do first, the others a line each', async () => {
  const findings = Array.from({ length: 9 }, (_, i) => finding({ title: `group ${i}` }));
  const shown = await text(report({ findings }));
  expect(shown.match(/^ {2}why:/gm)).toHaveLength(1);
  expect(shown.match(/^ {2}do:/gm)).toHaveLength(6);
  expect(shown).toContain('\n\nWARNING  group 6 (likely, fd/growth)\nWARNING  group 7 (likely, fd/growth)\n');
});

test('hostile text in every place stays on its line and harmless', async () => {
  const evil = report({
    verdict: 'inconclusive',
    host: { kernel: HOSTILE, hostname: HOSTILE },
    target: { spec: HOSTILE, label: HOSTILE, pids: [1, 2] },
    startedAt: HOSTILE,
    findings: (['critical', 'warning', 'info'] as const).map((severity) =>
      finding({
        severity,
        id: HOSTILE,
        title: HOSTILE,
        because: HOSTILE,
        evidence: [{ name: HOSTILE, value: HOSTILE, unit: HOSTILE, source: HOSTILE }],
        remedy: [{ text: HOSTILE, command: HOSTILE, risk: 'host' }],
      }),
    ),
    coverage: [{ source: HOSTILE, status: 'denied', detail: HOSTILE, fix: HOSTILE, needed: true }],
  });
  const body: Block[] = [
    { type: 'heading', text: HOSTILE },
    { type: 'paragraph', text: HOSTILE, tone: 'dim' },
    { type: 'table', columns: [{ title: HOSTILE }], rows: [[HOSTILE], [{ text: HOSTILE, tone: 'good' }]] },
    { type: 'facts', items: [[HOSTILE, HOSTILE], [HOSTILE, { text: HOSTILE, tone: 'info' }]] },
    { type: 'list', items: [HOSTILE] },
    { type: 'command', text: HOSTILE, note: HOSTILE },
  ];
  for (const options of [{}, { columns: 60 }, { verbose: true }, { quiet: true }]) {
    const shown = await text(evil, body, options);
    expect(shown).not.toMatch(DANGEROUS);
    expect(shown.match(/^CRITICAL/gm)).toHaveLength(1);
  }
  const tame = JSON.parse(JSON.stringify(evil).replaceAll(JSON.stringify(HOSTILE).slice(1, -1), 'x')) as Report;
  const tameBody = JSON.parse(JSON.stringify(body).replaceAll(JSON.stringify(HOSTILE).slice(1, -1), 'x')) as Block[];
  expect((await text(evil, body)).split('\n')).toHaveLength((await text(tame, tameBody)).split('\n').length);
});

test('colours paint the words, and taking them away gives the plain text', async () => {
  const coloured = await text(SICK, BODY, { colour: true });
  expect(coloured).toMatch(/^\u001b\[1m\u001b\[31mCRITICAL|^\u001b\[31m\u001b\[1mCRITICAL/);
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(await text(SICK, BODY));
});

test('a usual report fits a small screen', async () => {
  const lines = (await text(SICK, BODY, { columns: 100 })).split('\n');
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(100);
});
