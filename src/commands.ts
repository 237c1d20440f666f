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
    summary: 'logs of strace: descriptor tables over time, and the place that opened what leaks',
    effects: 'none',
    load: () => import('./strace/index.ts'),
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
    load: () => import('./preflight/index.ts'),
    rules: preflightRules,
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
    rules: async () => [...(await descriptorRules()), ...(await inotifyRules()), ...(await nodeRules()), ...(await preflightRules()), ...(await inheritRules()), ...(await import('./listen/rules/index.ts')).listenRules],
  },
  {
    name: 'schema',
    summary: 'the JSON Schema of the report',
    effects: 'none',
    load: () => import('./schema/index.ts'),
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

async function preflightRules() {
  return (await import('./preflight/rules/index.ts')).preflightRules;
}

async function inheritRules() {
  return (await import('./inherit/rules/index.ts')).inheritRules;
}
