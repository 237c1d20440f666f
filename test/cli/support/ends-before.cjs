// Loaded into reloadctl by --require: the process of ENDS_BEFORE ("PID N") is killed right before reloadctl's Nth question about it,
// and has ended when that question is asked. How many questions there were is written to the file of ENDS_COUNT.
const fs = require('node:fs');

const [pid, nth] = process.env.ENDS_BEFORE.split(' ').map(Number);
const { readFileSync } = fs;
let asked = 0;

function hasEnded() {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

function note(path) {
  if (!String(path).startsWith(`/proc/${pid}/`) || ++asked !== nth) return;
  process.kill(pid, 'SIGKILL');
  const deadline = Date.now() + 10_000;
  while (!hasEnded() && Date.now() < deadline);
}

for (const name of ['openSync', 'readdirSync', 'readlinkSync', 'statSync']) {
  const original = fs[name];
  fs[name] = (path, ...rest) => {
    note(path);
    return original(path, ...rest);
  };
}

process.on('exit', () => fs.writeFileSync(process.env.ENDS_COUNT, String(asked)));
