/** The control socket: 0600, in a directory of ours only. One message of the inspector's protocol a line. */
import fs from 'node:fs';
import inspector from 'node:inspector';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

type Message = { id?: unknown; method?: unknown; params?: unknown };

const MOST_LINE = 4 * 1024 * 1024;

/** Undefined where no such directory can be made: then the sites are there, and an inspector asks for them. */
export function openControlSocket(answer: (method: string) => object | undefined): string | undefined {
  try {
    const directory = runtimeDirectory();
    if (directory === undefined) return undefined;
    removeStale(directory);
    const file = path.join(directory, `node-${process.pid}-${pidNamespace()}-${Math.floor(Math.random() * 2 ** 32).toString(16)}.sock`);
    const server = net.createServer((socket) => serve(socket, answer));
    server.on('error', () => undefined);
    // exclusive: a cluster worker would ask its primary else.
    server.listen({ path: file, exclusive: true, readableAll: false, writableAll: false });
    fs.chmodSync(file, 0o600);
    server.unref();
    process.once('exit', () => {
      try {
        fs.unlinkSync(file);
      } catch {
        // Removed already.
      }
    });
    return file;
  } catch {
    return undefined;
  }
}

/** $XDG_RUNTIME_DIR/reloadctl, else /tmp/reloadctl-UID: of our user, and of no other. */
function runtimeDirectory(): string | undefined {
  const uid = process.geteuid?.() ?? 0;
  const runtime = process.env.XDG_RUNTIME_DIR;
  const places = [...(runtime !== undefined && path.isAbsolute(runtime) ? [path.join(runtime, 'reloadctl')] : []), path.join(os.tmpdir(), `reloadctl-${uid}`)];
  for (const place of places) {
    try {
      fs.mkdirSync(place, { mode: 0o700, recursive: false });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') continue;
    }
    const stat = fs.lstatSync(place);
    if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0) return place;
  }
  return undefined;
}

/** Containers may share the directory: their pids are others. */
function pidNamespace(): string {
  return /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** What a process left behind that was killed. */
function removeStale(directory: string): void {
  const ours = pidNamespace();
  for (const name of fs.readdirSync(directory)) {
    const [, pid, namespace] = /^node-(\d+)-(\d+)-[0-9a-f]+\.sock$/.exec(name) ?? [];
    if (namespace === ours && !fs.existsSync(`/proc/${pid}`)) fs.rmSync(path.join(directory, name), { force: true });
  }
}

function serve(socket: net.Socket, answer: (method: string) => object | undefined): void {
  socket.unref();
  socket.setEncoding('utf8');
  let session: inspector.Session | undefined;
  let rest = '';
  const say = (message: object): void => void (socket.destroyed || socket.write(`${JSON.stringify(message)}\n`));
  const open = (): inspector.Session => {
    if (session) return session;
    session = new inspector.Session();
    session.connect();
    session.on('inspectorNotification', (message: object) => say(message));
    return session;
  };
  const handle = ({ id, method, params }: Message): void => {
    const own = answer(String(method));
    if (own) {
      say({ id, result: own });
      return;
    }
    open().post(String(method), (params ?? {}) as object, (error, result) => {
      say(error ? { id, error: { message: String((error as { message?: unknown }).message ?? error) } } : { id, result: result ?? {} });
    });
  };
  socket.on('error', () => undefined);
  socket.on('close', () => session?.disconnect());
  socket.on('data', (chunk: string) => {
    rest += chunk;
    if (rest.length > MOST_LINE) return void socket.destroy();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      let id: unknown;
      try {
        const message = JSON.parse(line) as Message;
        ({ id } = message);
        handle(message);
      } catch (error) {
        say({ id, error: { message: String((error as Error).message) } });
      }
    }
  });
}
