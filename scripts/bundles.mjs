// Which part of the program is in which file of dist/.

/** Commands with a bundle of their own, and the folders of src that their entries in commands.ts load; all others share cli.cjs. */
export const WINGS = {
  assert: { commands: ['assert'], folders: ['assert'] },
  drill: { commands: ['drill'], folders: ['drill', 'fds', 'preflight', 'inotify', 'goroutines/memory'] },
  fds: { commands: ['fds'], folders: ['fds', 'sockets'] },
  gate: { commands: ['gate'], folders: ['gate'] },
  goroutines: { commands: ['goroutines', 'gc'], folders: ['goroutines'] },
  inotify: { commands: ['inotify-limits', 'inotify', 'inotify-probe'], folders: ['inotify'] },
  listen: { commands: ['listen'], folders: ['listen', 'sockets', 'fds'] },
  node: { commands: ['node'], folders: ['node'] },
  inherit: { commands: ['inherit'], folders: ['inherit'] },
  preflight: { commands: ['preflight'], folders: ['preflight', 'goroutines/memory'] },
  strace: { commands: ['strace'], folders: ['strace'] },
  tasks: { commands: ['tasks'], folders: ['tasks'] },
  report: { commands: ['report'], folders: ['incident', 'fds', 'sockets', 'goroutines', 'inotify', 'listen', 'node', 'tasks'] },
};
/** The other commands ask the rules of these; what is of no other wing they have anyhow. */
const SHARED = ['assert', 'drill', 'fds', 'sockets', 'gate', 'goroutines/memory', 'inherit', 'inotify', 'listen', 'node', 'preflight', 'strace', 'tasks'];

/** The bundle that runs a command: dist/NAME.cjs. */
export function bundleOf(command) {
  return Object.keys(WINGS).find((wing) => WINGS[wing].commands.includes(command)) ?? 'cli';
}

/** Is what commands.ts imports as `./folder/file.ts` in this bundle? */
export function isIn(bundle, path) {
  const isBelow = (folders) => folders.some((folder) => path.startsWith(`./${folder}/`));
  const owners = Object.keys(WINGS).filter((wing) => isBelow(WINGS[wing].folders));
  return owners.includes(bundle) || (bundle === 'cli' && (owners.length === 0 || isBelow(SHARED)));
}
