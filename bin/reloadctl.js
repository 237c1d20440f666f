#!/usr/bin/env node
// Checks what must hold before anything of ours can be loaded, in syntax that old Nodes can read; nothing else.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`reloadctl: needs Node >= 20.19, this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  try {
    require('../dist/start.cjs').main(process.argv.slice(2)).catch(explain);
  } catch (error) {
    explain(error);
  }
}

function explain(error) {
  if (error && error.code === 'EMFILE') {
    process.stderr.write('reloadctl: too many open files (EMFILE), so it could not load itself: raise its own limit, ulimit -n 1024\n');
    process.exitCode = 3;
    return;
  }
  const missing = error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ENOENT') && /dist/.test(String(error.message));
  process.stderr.write(missing ? 'reloadctl: not built (dist/ is missing). Build it: npm run build\n' : `${error ? error.stack : error}\n`);
  process.exitCode = 2;
}
