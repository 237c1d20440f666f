/**
 * The server of the demo: a process of its own that leaks on purpose, says what it planted, and waits. It ends when its stdin
 * does, which the death of its parent sees to as well, and takes its folder along. Its one argument is that folder.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { O_CLOEXEC } from '../kernel/proc/fdinfo.ts';
import { lowerSoftLimit } from './limit.ts';
import { type Planted, type ServerMessage, UPLOADS } from './protocol.ts';

const CLIENTS = 40;
const UPLOAD_FILES = 60;
const CONFIG_OPENS = 12;
const LOG_BYTES = 20 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** What `ps` calls it. */
const NAME = 'leaky-server';
/** How much of the soft limit shall be used. */
const USED = 0.95;

const held: Socket[] = [];
let server: Server | undefined;
/** Only a folder we made is ours to remove. */
let hasFolder = false;

/** A log that was rotated by deleting it. The bytes are random: some file systems store zeros as nothing. */
function plantDeletedLog(folder: string): void {
  const path = join(folder, 'access.log');
  const fd = openSync(path, 'a');
  for (let written = 0; written < LOG_BYTES; written += CHUNK_BYTES) writeSync(fd, randomBytes(CHUNK_BYTES));
  // Some file systems count blocks only once they are written.
  fsyncSync(fd);
  unlinkSync(path);
}

function plantUploads(folder: string): void {
  mkdirSync(join(folder, UPLOADS));
  for (let n = 1; n <= UPLOAD_FILES; n++) writeSync(openSync(join(folder, UPLOADS, `upload-${n}.part`), 'w'), 'half of an upload\n');
}

function plantConfigOpens(folder: string): void {
  const path = join(folder, 'app.conf');
  writeFileSync(path, 'answer = 42\n');
  for (let n = 0; n < CONFIG_OPENS; n++) openSync(path, 'r');
}

/** Clients that connect and close; the server reads the end of the stream and forgets to close its side. */
async function plantCloseWait(): Promise<number> {
  const { promise: allClosed, resolve } = deferred();
  let ended = 0;
  server = createServer({ allowHalfOpen: true }, (socket) => {
    held.push(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => {
      ended++;
      if (ended === CLIENTS) resolve();
      else comeAndGo(port);
    });
    socket.resume();
  });
  const { port } = await listening(server);
  // One after the other: many at once would push the numbers of descriptors far above their count.
  comeAndGo(port);
  await allClosed;
  return port;
}

function comeAndGo(port: number): void {
  const client = connect(port, '127.0.0.1', () => client.destroy());
  client.on('error', (error) => tell({ error: `a client of the demo could not connect: ${error.message}` }));
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function listening(on: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    on.once('error', reject);
    on.listen(0, '127.0.0.1', () => resolve(on.address() as AddressInfo));
  });
}

/** What whoever started us left open across exec would be counted with the faults. Node opens nothing so. */
function closeInherited(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd > 2 && !isCloseOnExec(fd)) closeSync(fd);
  }
}

/** True for what is closed already: the directory that was just listed. */
function isCloseOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
  } catch {
    return true;
  }
}

/** Of which `USED` is taken by what is open now. Only numbers below a limit count against it. */
function tightLimit(): number {
  const numbers = readdirSync('/proc/self/fd').map(Number);
  let limit = Number.POSITIVE_INFINITY;
  for (let next = Math.ceil(numbers.length / USED); next < limit; next = Math.ceil(numbers.filter((fd) => fd < limit).length / USED))
    limit = next;
  return limit;
}

async function plantAll(folder: string): Promise<Planted> {
  closeInherited();
  mkdirSync(folder, { mode: 0o700 });
  hasFolder = true;
  plantDeletedLog(folder);
  plantUploads(folder);
  plantConfigOpens(folder);
  const port = await plantCloseWait();
  const softLimit = tightLimit();
  return {
    port,
    closeWait: CLIENTS,
    uploads: UPLOAD_FILES,
    deletedLogBytes: LOG_BYTES,
    configOpens: CONFIG_OPENS,
    ...(lowerSoftLimit(softLimit) && { softLimit }),
  };
}

function tell(message: ServerMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Lets go of everything, so that nothing keeps the process alive. */
function end(folder: string): void {
  if (hasFolder) rmSync(folder, { recursive: true, force: true });
  for (const socket of held) socket.destroy();
  server?.close();
  process.stdin.destroy();
}

async function main(folder: string): Promise<void> {
  process.title = NAME;
  // Bun keeps a title to itself.
  writeFileSync('/proc/self/comm', NAME);
  process.stdin
    .on('end', () => end(folder))
    .on('error', () => end(folder))
    .resume();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(folder));
  // The reader of our one line may be gone: then stdin ends too.
  process.stdout.on('error', () => undefined);
  try {
    tell({ planted: await plantAll(folder) });
  } catch (error) {
    tell({ error: (error as Error).message });
  }
}

await main(process.argv[2] ?? '');
