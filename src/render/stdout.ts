import { DescriptorSink, isNoTerminal } from './file-sink.ts';
import { StreamSink } from './sink.ts';

/** Our stdout, whatever it is. One per run. */
export function stdoutSink(): DescriptorSink | StreamSink {
  return isNoTerminal(1) ? new DescriptorSink(1, 'stdout') : new StreamSink(process.stdout);
}

/** Node's stream of stdout or stderr, when it is a terminal: to make one that is not needed takes milliseconds. */
export function terminalAt(fd: 1 | 2): NodeJS.WriteStream | undefined {
  if (isNoTerminal(fd)) return undefined;
  const stream = fd === 1 ? process.stdout : process.stderr;
  return stream.isTTY ? stream : undefined;
}
