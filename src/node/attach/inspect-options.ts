/** What a process was told of its inspector at its start: in its command line, and in NODE_OPTIONS. */
import type { Evidence } from '../../evidence/types.ts';
import { parseEnviron } from '../../kernel/proc/environ.ts';

const USUAL_PORT = 9229;

export interface InspectOptions {
  /** Where an inspector listens, or would: 9229 unless told; 0 is any port. */
  port: number;
  /** It was opened at the start. */
  open: boolean;
  /** It tells its name on stderr only (--inspect-publish-uid=stderr): nobody else gets in, and nobody could close it. */
  hidden: boolean;
  /** The permission model is on: nobody is let in by a signal, and the preload needs permissions of its own. */
  permission?: { preloaded: boolean };
}

/** Options that take the next word. */
const WITH_VALUE = /^(?:-r|-C|-e|-p|-pe|--(?:require|import|loader|experimental-loader|conditions|eval|print|env-file|title|input-type|icu-data-dir|openssl-config|max-http-header-size))$/;

/** The preload of ours, as it is named or installed. */
const PRELOAD = /(?:\0|=|\s)\S*(?:reloadctl\/|dist\/)register/;

/** @param environment the value of NODE_OPTIONS, which counts where the command line says nothing else */
export function inspectOptions(cmdline: string, environment = ''): InspectOptions {
  const found: InspectOptions = { port: USUAL_PORT, open: false, hidden: false };
  const words = [...environment.split(/\s+/).filter((word) => word !== ''), ...optionWords(cmdline.split('\0').slice(1))];
  if (words.some((word) => /^--(?:experimental-)?permission$/.test(word))) found.permission = { preloaded: PRELOAD.test(`${environment}\0${cmdline}`) };
  words.forEach((word, index) => {
    const [, how, port] = /^--(inspect(?:-brk|-wait|-port)?|debug-port)(?:=(?:.*:)?(\d{1,5}))?(?:=.*)?$/.exec(word) ?? [];
    if (port !== undefined) found.port = Number(port);
    if (how !== undefined) found.open ||= !/-port$/.test(how);
    const [, uid] = /^--inspect-publish-uid(?:=(.*))?$/.exec(word) ?? [];
    if (word.startsWith('--inspect-publish-uid')) found.hidden = !(uid ?? words[index + 1] ?? '').split(',').includes('http');
  });
  return found;
}

/** Up to the script: what follows that is the application's. */
function optionWords(words: readonly string[]): string[] {
  const options: string[] = [];
  for (let index = 0; index < words.length && words[index]!.startsWith('-'); index++) {
    options.push(words[index]!);
    if (WITH_VALUE.test(words[index]!)) index++;
    else if (words[index] === '--inspect-publish-uid') options.push(words[++index] ?? '');
  }
  return options;
}

export async function readInspectOptions(evidence: Evidence, pid: number): Promise<InspectOptions> {
  const [cmdline, environ] = await evidence.readSlow([`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  return inspectOptions(cmdline?.value ?? '', parseEnviron(environ?.value ?? '').get('NODE_OPTIONS'));
}
