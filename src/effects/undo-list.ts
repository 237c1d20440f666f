/**
 * Takes back what was done to others when we are gone, kill -9 included, or when we only hang: a shell that waits at a pipe which only
 * we hold open. It is there before the first effect, and is told of each one before it is made.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** One effect, as it is taken back; the last one first. */
export type UndoStep =
  /** SIGINT, SIGKILL when it does not heed that: strace -p lets its target go. */
  | { what: 'interrupt'; pid: number; startTime: string }
  /** What strace started: SIGTERM, after two seconds SIGKILL to all it traces. */
  | { what: 'end-traced'; pid: number; startTime: string }
  | { what: 'end'; pid: number; startTime: string }
  | { what: 'remove-folder' | 'remove-instance' | 'unmount'; path: string };

export interface UndoList {
  /** Throws for a path that no line can hold. */
  add(step: UndoStep): void;
  /** All was taken back: the guard ends without doing anything. Safe to call twice. */
  done(): void;
  /** Let the guard take it back now. Resolves when it has. */
  takeBack(): Promise<void>;
}

const GUARD = `
trap : TERM
steps=
while read -r line; do
  [ "$line" = done ] && exit 0
  steps="$line
$steps"
done
same() {
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  set -- "$2" \${stat##*) }
  [ "$1" = "\${21}" ] && [ "$2" != Z ]
}
pause() { sleep 0.1 2>/dev/null || sleep 1; }
patience() {
  tries=0
  while [ "$tries" -lt 20 ] && same "$1" "$2"; do
    pause
    tries=$((tries + 1))
  done
}
end_traced() {
  children=
  read -r children 2>/dev/null <"/proc/$1/task/$1/children"
  [ -n "$children" ] && kill -TERM $children
  kill -CONT "$1"
  patience "$1" "$2"
  same "$1" "$2" || return
  for status in $(grep -ls "^TracerPid:	$1\\$" /proc/[0-9]*/status); do
    pid=\${status#/proc/}
    kill -KILL "\${pid%/status}"
  done
  patience "$1" "$2"
  same "$1" "$2" && kill -KILL "$1"
}
take_back() {
  case $1 in
    interrupt | end)
      same "$2" "$3" || return
      if [ "$1" = end ]; then kill -TERM "$2"; else kill -INT "$2"; fi
      patience "$2" "$3"
      same "$2" "$3" && kill -KILL "$2" ;;
    end-traced) same "$2" "$3" && end_traced "$2" "$3" ;;
  esac
}
printf %s "$steps" | while read -r what rest; do
  case $what in
    remove-folder) rm -rf -- "$rest" ;;
    remove-instance)
      echo 0 >"$rest/tracing_on"
      echo 0 >"$rest/events/enable"
      tries=0
      until rmdir "$rest" || [ ! -d "$rest" ] || [ "$tries" -ge 50 ]; do
        pause
        tries=$((tries + 1))
      done ;;
    unmount) umount "$rest" ;;
    *) take_back "$what" $rest ;;
  esac
done
`;

/**
 * Starts the guard, before any effect. It costs no more than a shell until the pipe ends.
 * @param mostMs after so long it takes everything back though we are there: a stopped or hanging owner ends nothing
 * Throws when no shell can be started: then nothing may be done either.
 */
export async function openUndoList(mostMs?: number): Promise<UndoList> {
  // A group of its own: Ctrl-C at the terminal and a killed process group must not end the guard with us.
  const options: SpawnOptions = { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' };
  const shell = ['-c', GUARD];
  let guard: ChildProcess;
  if (mostMs === undefined) guard = await started(spawn('/bin/sh', shell, options));
  else {
    const timed = spawn('timeout', ['-s', 'TERM', String(Math.ceil(mostMs / 1000)), '/bin/sh', ...shell], options);
    guard = await started(timed).catch(() => started(spawn('/bin/sh', shell, options)));
  }
  const { stdin } = guard;
  stdin?.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  // It must outlive us, never hold us.
  guard.unref();
  (stdin as { unref?: () => void } | null)?.unref?.();
  let over = false;
  return {
    add: (step) => {
      const line = 'path' in step ? `${step.what} ${step.path}` : `${step.what} ${step.pid} ${step.startTime}`;
      if (line.includes('\n')) throw new Error(`a name with a line break: ${JSON.stringify(line)}`);
      stdin?.write(`${line}\n`);
    },
    done: () => {
      if (!over) stdin?.end('done\n');
      over = true;
    },
    takeBack: () => {
      guard.ref();
      if (!over) stdin?.end();
      over = true;
      return ended;
    },
  };
}

function started(child: ChildProcess): Promise<ChildProcess> {
  return new Promise((resolve, reject) => child.once('spawn', () => resolve(child)).once('error', reject));
}
