import { DescriptorSink, isRegularFile } from './file-sink.ts';
import { StreamSink } from './sink.ts';

/** Our stdout, whatever it is. One per run. */
export function stdoutSink(): DescriptorSink | StreamSink {
  return isRegularFile(1) ? new DescriptorSink(1, 'stdout') : new StreamSink(process.stdout);
}
