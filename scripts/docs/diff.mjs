// A unified diff of two texts of a few hundred lines.

const CONTEXT = 3;

/** Lines as ' same', '-old', '+new', by the longest common subsequence. */
function edits(old, fresh) {
  const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      common[i][j] = old[i] === fresh[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = [];
  for (let i = 0, j = 0; i < old.length || j < fresh.length; ) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) lines.push([' ', old[i++], j++]);
    else if (i < old.length && (j === fresh.length || common[i + 1][j] >= common[i][j + 1])) lines.push(['-', old[i++]]);
    else lines.push(['+', fresh[j++]]);
  }
  return lines;
}

export function unifiedDiff(old, fresh, file) {
  const lines = edits(old.split('\n'), fresh.split('\n'));
  const shown = lines.map((_line, at) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(([mark]) => mark !== ' '));
  const output = [`--- ${file}`, `+++ ${file} (as printed now)`];
  let [before, after] = [1, 1];
  lines.forEach(([mark, text], at) => {
    if (shown[at] && !shown[at - 1]) output.push(`@@ -${before} +${after} @@`);
    if (shown[at]) output.push(`${mark}${text}`);
    if (mark !== '+') before++;
    if (mark !== '-') after++;
  });
  return output.join('\n');
}
