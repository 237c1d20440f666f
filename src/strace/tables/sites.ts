/** Opening sites, few for many: paths that look alike are one. */
import type { ByteString } from '../../evidence/types.ts';
import { byLooks, commonFolder, inFolder, pathTemplates } from '../../kernel/templates.ts';
import { flat } from './flat.ts';
import type { Site } from './types.ts';

/** Different looks; what comes after so many goes by its folder. */
const MOST_SITES = 20_000;
/** Paths remembered with their looks. */
const MOST_LOOKS = 32_768;

export class Sites {
  readonly all: Site[] = [];
  private readonly byKey = new Map<string, Site>();
  private readonly recent = new Map<string, Map<ByteString, Site>>();

  /** @param target path, or words for what has none */
  at(call: string, kind: string, target: ByteString): Site {
    // Paths come again and again: their looks and keys are made once.
    let recent = this.recent.get(call);
    if (!recent || recent.size >= MOST_LOOKS) this.recent.set(call, (recent = new Map()));
    const known = recent.get(target);
    if (known?.kind === kind) return known;
    const site = this.find(call, kind, target);
    recent.set(flat(target), site);
    return site;
  }

  private find(call: string, kind: string, target: ByteString): Site {
    return this.keyed(`${call}\0${kind}\0${this.lookOf(target)}`, call, kind, target, undefined);
  }

  /** With a stack. */
  atFrame(call: string, kind: string, frame: string): Site {
    const shared = `\0${frame}`;
    const first = this.byKey.get(shared);
    if (!first || (first.call === call && first.kind === kind)) return this.keyed(shared, call, kind, '', frame);
    // One function may open in several ways.
    return this.keyed(`${call}${shared}\0${kind}`, call, kind, '', first.call === call ? frame : `${call} in ${frame}`);
  }

  private keyed(key: string, call: string, kind: string, target: ByteString, frame: string | undefined): Site {
    let site = this.byKey.get(key);
    if (!site && this.all.length >= MOST_SITES) {
      const wide = `${call}\0${kind}\0${target.slice(0, target.indexOf('/', 1) + 1)}*`;
      site = this.byKey.get(wide);
      if (!site) this.byKey.set(wide, (site = this.add(call, kind, wide.slice(wide.lastIndexOf('\0') + 1), frame)));
      return site;
    }
    if (!site) this.byKey.set(key, (site = this.add(call, kind, target, frame)));
    else widen(site, target);
    return site;
  }

  private add(call: string, kind: string, target: ByteString, frame: string | undefined): Site {
    const look = flat(this.lookOf(target));
    const site: Site = { id: this.all.length, call, kind, look, frame, paths: [flat(target)], opened: 0, closed: 0 };
    this.all.push(site);
    return site;
  }

  private lookOf(target: ByteString): ByteString {
    return target.charCodeAt(0) === 47 ? byLooks(target) : target;
  }

  /** The name of each site, made over all of them together: `openat /srv/upload-*.part`. Several sites may share one. */
  names(): string[] {
    const names = this.all.map(({ frame, call, look }) => frame ?? (look === '' ? call : `${call} ${look}`));
    const families = new Map<string, Site[]>();
    for (const site of this.all) {
      if (site.frame !== undefined || site.look.charCodeAt(0) !== 47) continue;
      const family = families.get(site.call);
      if (family) family.push(site);
      else families.set(site.call, [site]);
    }
    for (const [call, family] of families) {
      const paths = family.flatMap((site) => site.paths);
      const templates = pathTemplates(paths);
      const folders = foldersOf(templates, paths);
      let next = 0;
      for (const site of family) {
        const template = templates[next]!;
        names[site.id] = `${call} ${inFolder(template, folders.get(template)!)}`;
        next += site.paths.length;
      }
    }
    return names;
  }
}

/** One more path of a site. */
function widen({ paths }: Site, target: ByteString): void {
  const [first, second] = paths;
  if (first === target || second === target) return;
  if (second === undefined) paths.push(flat(target));
  else if (commonFolder(first!, target).length < commonFolder(first!, second).length) paths[1] = flat(target);
}

/** Of each template the folder that all its paths are in. */
function foldersOf(templates: readonly string[], paths: readonly string[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const [index, template] of templates.entries()) folders.set(template, commonFolder(folders.get(template) ?? paths[index]!, paths[index]!));
  return folders;
}
