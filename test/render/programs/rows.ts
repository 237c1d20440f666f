/**
 * Writes 20,000 rows of a table to stdout, as a command does. Tells on stderr when the reader does not keep up. Leaves
 * exit code 1 like a run with findings.
 */
import type { Column } from '../../../src/render/document.ts';
import { renderText } from '../../../src/render/text.ts';
import { StreamSink } from '../../../src/render/sink.ts';
import type { Sink } from '../../../src/render/types.ts';
import { report } from '../support.ts';

const sink = new StreamSink(process.stdout);
let told = process.argv[2] !== 'tell';
const telling: Sink = {
  write(chunk) {
    const pending = sink.write(chunk);
    if (pending !== undefined && !told) {
      told = true;
      process.stderr.write('blocked\n');
    }
    return pending;
  },
  get closed() {
    return sink.closed;
  },
};

function* rows(): Generator<(string | number)[]> {
  for (let fd = 0; fd < 20_000; fd++) yield [fd, 'file', `/srv/app/releases/current/data-${fd}.log`];
}

const columns: Column[] = [{ title: 'FD', align: 'right' }, { title: 'KIND' }, { title: 'TARGET' }];
process.exitCode = 1;
await renderText(report(), [{ type: 'table', columns, rows: rows() }], telling, { colour: false });
await sink.drained();
