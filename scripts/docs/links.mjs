// Links inside the repository: the file is there, and the heading too.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const LINK = /(?<!!)\[[^\]\n]*\]\(([^)\s]+)(?: "[^"]*")?\)|!\[[^\]\n]*\]\(([^)\s]+)\)/g;
const CODE = /^```[\s\S]*?^```$|`[^`\n]*`/gm;

/** Headings as anchors, the way GitHub makes them. */
function anchorsOf(text) {
  const seen = new Map();
  return new Set(
    [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)].map((match) => {
      const slug = match[1].trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

function wrongWith(root, file, target, text) {
  const [path, anchor] = target.split('#');
  const place = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (place.startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(root, place))) return `there is no ${place}`;
  if (anchor === undefined || statSync(join(root, place)).isDirectory() || !place.endsWith('.md')) return undefined;
  const headings = anchorsOf(path === '' ? text : readFileSync(join(root, place), 'utf8'));
  return headings.has(anchor) ? undefined : `${place} has no heading #${anchor}`;
}

/** Problems as FILE:LINE: text. Links to other sites are not followed. */
export function checkLinks(root, file, text) {
  const visible = text.replace(CODE, (code) => code.replace(/[^\n]/g, ' '));
  return [...visible.matchAll(LINK)].flatMap((match) => {
    const target = match[1] ?? match[2];
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
    const wrong = wrongWith(root, file, target, text);
    return wrong === undefined ? [] : [`${file}:${visible.slice(0, match.index).split('\n').length}: link ${target}: ${wrong}`];
  });
}
