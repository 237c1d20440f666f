/** THE TABLE of commands. A new command is one folder and one entry here. */
import type { CommandEntry } from './command.ts';

export const commands: readonly CommandEntry[] = [
  {
    name: 'fds',
    summary: 'what is open in a process, in groups; what leaks; how near the limit is',
    effects: 'reads',
    load: () => import('./fds/index.ts'),
    rules: descriptorRules,
  },
  {
    name: 'goroutines',
    summary: 'who is blocked, who leaks, who holds the lock in a Go program: from its memory, an endpoint, a dump or a trace',
    effects: 'reads',
    load: () => import('./goroutines/index.ts'),
    rules: async () => (await import('./goroutines/rules/index.ts')).goroutineRules,
  },
  {
    name: 'gc',
    summary: 'how long the garbage collector of a Go program stops it, and whether that matters',
    effects: 'reads',
    load: async () => (await import('./goroutines/index.ts')).gc,
    rules: async () => (await import('./goroutines/rules/index.ts')).pauseRules,
  },
  {
    name: 'inotify-limits',
    summary: 'will these watches fit, for this user, in this namespace; who holds the rest',
    effects: 'reads, own instances and watches for a moment',
    load: async () => (await import('./inotify/index.ts')).loadLimits(),
    rules: inotifyRules,
  },
  {
    name: 'inotify',
    summary: 'inotify instances of a process: what it watches, what waits in its queues, which watches are dead',
    effects: 'reads',
    load: async () => (await import('./inotify/index.ts')).loadInstances(),
    rules: inotifyRules,
  },
  {
    name: 'inotify-probe',
    summary: 'which change patterns lose events on this file system, for a watch on file, directory, symbolic link',
    effects: 'own temp dir',
    load: async () => (await import('./inotify/index.ts')).loadProbe(),
    rules: inotifyRules,
  },
  {
    name: 'node',
    summary: 'live handles of a Node process: what keeps its loop alive, joined to its descriptors; where a blocked loop is',
    effects: 'signals, undone',
    load: () => import('./node/index.ts'),
    rules: nodeRules,
  },
  {
    name: 'listen',
    summary: 'every listener: who holds it, what waits there, how long its queue may be; which port has two generations',
    effects: 'reads',
    load: () => import('./listen/index.ts'),
    rules: listenRules,
  },
  {
    name: 'strace',
    summary: 'logs of strace, or a process recorded now: descriptor tables over time, and the place that opened what leaks',
    effects: 'none; -p: stops for moments or slows, undone; --: own child',
    load: () => import('./strace/index.ts'),
    wraps: true,
    rules: async () => (await import('./strace/rules/index.ts')).straceRules,
  },
  {
    name: 'inherit',
    summary: 'two generations of a service: which listeners were handed over, what came along by accident, what context was lost',
    effects: 'reads',
    load: () => import('./inherit/index.ts'),
    rules: inheritRules,
  },
  {
    name: 'preflight',
    summary: 'would this reload work: is the signal handled, is the program file found, is there room for a second generation',
    effects: 'reads',
    load: loadPreflight,
    rules: preflightRules,
  },
  {
    name: 'drill',
    summary: 'real reloads under real load: what fails, in which way and why; what each reload leaves behind; how sure that is',
    effects: 'signals, load',
    load: () => import('./drill/index.ts'),
    rules: drillRules,
  },
  {
    name: 'tasks',
    summary: 'blocked threads of any process: the system call, the descriptor or lock they wait for, and since when',
    effects: 'reads',
    load: () => import('./tasks/index.ts'),
    rules: taskRules,
  },
  {
    name: 'report',
    summary: 'the whole incident on one page: everything that only reads, joined; as text, JSON, Markdown or HTML',
    effects: 'reads',
    load: () => import('./incident/index.ts'),
  },
  {
    name: 'assert',
    summary: 'run a command, and fail when it leaks: descriptors open at its exit, processes left behind, handles of Node tests',
    effects: 'own child',
    load: () => import('./assert/index.ts'),
    wraps: true,
    rules: assertRules,
  },
  {
    name: 'gate',
    summary: 'may this be reloaded now: GO, NO-GO or NO-DATA, by the rules of a policy',
    effects: 'reads; --record: one line in a file of its own',
    load: () => import('./gate/index.ts'),
    rules: gateRules,
  },
  {
    name: 'record',
    summary: 'take the evidence now and analyse it anywhere later with --from',
    effects: 'reads',
    load: () => import('./record/index.ts'),
  },
  {
    name: 'diff',
    summary: 'what changed between two saved reports, tapes or logs of strace: groups, findings, descriptors',
    effects: 'none',
    load: () => import('./diff/index.ts'),
    rules: async () => [...(await descriptorRules()), ...(await import('./strace/rules/index.ts')).straceRules],
  },
  {
    name: 'exporter',
    summary: 'metrics of this host for Prometheus: descriptors, accept queues, inotify, findings; over HTTP or as a textfile',
    effects: 'reads',
    load: () => import('./exporter/index.ts'),
    rules: async () => [...(await descriptorRules()), ...(await inotifyRules()), ...(await import('./listen/rules/index.ts')).listenRules],
  },
  {
    name: 'demo',
    summary: 'start a server that leaks on purpose, run the incident on it, explain it, clean up',
    effects: 'own child',
    load: () => import('./demo/index.ts'),
    rules: descriptorRules,
  },
  {
    name: 'doctor',
    summary: 'what this host permits, and how to get the rest',
    effects: 'none',
    load: () => import('./doctor/index.ts'),
  },
  {
    name: 'explain',
    summary: 'what a finding means, its false alarms, and what to do',
    effects: 'none',
    load: () => import('./explain/index.ts'),
    rules: async () => [...(await descriptorRules()), ...(await inotifyRules()), ...(await nodeRules()), ...(await preflightRules()), ...(await inheritRules()), ...(await taskRules()), ...(await assertRules()), ...(await gateRules()), ...(await import('./drill/rules/index.ts')).drillRules, ...(await import('./listen/rules/index.ts')).listenRules],
  },
  {
    name: 'schema',
    summary: 'the JSON Schema of the report',
    effects: 'none',
    load: () => import('./schema/index.ts'),
  },
  {
    name: 'completion',
    summary: 'commands, options, processes and findings by Tab: for bash, zsh and fish',
    effects: 'none',
    load: () => import('./completion/index.ts'),
  },
];

/** Wings know nothing of each other: the table says whose rules look at the snapshot. */
async function descriptorRules() {
  const [fds, sockets] = await Promise.all([import('./fds/rules/index.ts'), import('./sockets/rules/index.ts')]);
  return [...fds.fdRules, ...sockets.socketRules];
}

/** What listens has sockets that are connected, too; and a listener may be held by one that got it by accident. */
async function listenRules() {
  const [listen, sockets, fds] = await Promise.all([import('./listen/rules/index.ts'), import('./sockets/rules/index.ts'), import('./fds/rules/index.ts')]);
  return [...listen.listenRules, ...sockets.socketRules, ...fds.fdRules.filter(({ id }) => id === 'fd/inherited')];
}

async function nodeRules() {
  return (await import('./node/rules/index.ts')).nodeRules;
}

async function inotifyRules() {
  return (await import('./inotify/index.ts')).inotifyRules;
}

/** Which signals a Go program asks for stands in its memory. */
async function loadPreflight() {
  return (await import('./preflight/index.ts')).preflightWith(async (evidence, pid) => (await import('./goroutines/memory/index.ts')).askedSignals(evidence, pid));
}

async function preflightRules() {
  return (await import('./preflight/rules/index.ts')).preflightRules;
}

async function assertRules() {
  return (await import('./assert/rules/index.ts')).assertRules;
}

async function gateRules() {
  return (await import('./gate/rules/index.ts')).gateRules;
}

/** What reloads leave behind is the same whether they were made by this command or by `fds --per-event`. */
async function drillRules() {
  const [drill, fds] = await Promise.all([import('./drill/rules/index.ts'), import('./fds/rules/index.ts')]);
  return [...drill.drillRules, ...fds.fdRules.filter(({ id }) => id === 'reload/residue')];
}

async function taskRules() {
  return (await import('./tasks/rules/index.ts')).taskRules;
}

async function inheritRules() {
  return (await import('./inherit/rules/index.ts')).inheritRules;
}
