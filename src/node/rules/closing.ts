/** The call that closes each kind, as this version of Node has it. */
import type { HandleKind } from '../model.ts';

/** `await using` for what is disposed asynchronously, by the first version that has the method. */
const USING: Partial<Record<HandleKind, number>> = { 'tcp-server': 24, 'pipe-server': 24, worker: 24, 'udp-socket': 24, 'file-handle': 24 };

const CALLS: Partial<Record<HandleKind, string>> = {
  'tcp-server': 'server.close(), and server.closeAllConnections() of an HTTP server',
  'pipe-server': 'server.close()',
  'tcp-socket': 'socket.end(), or socket.destroy()',
  'pipe-socket': 'socket.end(), or socket.destroy()',
  'http2-session': 'session.close()',
  'udp-socket': 'socket.close()',
  'fs-watcher': 'watcher.close()',
  'stat-watcher': 'fs.unwatchFile(path, listener)',
  'child-process': 'child.kill(), or child.unref() with its streams destroyed when it shall outlive you',
  worker: 'await worker.terminate(), or worker.unref()',
  'timer-interval': 'clearInterval(timer), or timer.unref()',
  'timer-timeout': 'clearTimeout(timer), or timer.unref()',
  'file-handle': 'await handle.close()',
  'file-stream': 'stream.destroy(), or read it to its end',
  tty: 'stdin.pause(), or stdin.unref()',
  'message-port': 'port.close(), or port.unref()',
};

/** One sentence: what to call. */
export function closingCall(kind: HandleKind, major: number): string {
  const call = CALLS[kind] ?? 'close it, or unref() it';
  const since = USING[kind];
  return since !== undefined && major >= since ? `call ${call}; or declare it with \`await using\`, which does so by itself` : `call ${call}`;
}

/** Of what was opened, and no handle stands for. */
export const CLOSE_FILE = 'what fs.open, fs.openSync or fsPromises.open gave must be closed: fs.close(fd), handle.close()';
