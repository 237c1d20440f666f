/** Pseudonyms for runs of letters, and for everything else that must keep its form: one keyed, collision-free table per tape. */

/** ASCII letters, and bytes of other scripts: those can spell a name too. */
export const LETTERS = /[A-Za-z\x80-\xff]+/g;

/** No vowels: pseudonyms shall not spell anything, and cannot look like a word that is kept. */
const CONSONANTS = 'bcdfghjklmnpqrstvwxz';
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const HEX_LETTERS = 'abcdef';
/** Runs below this length reveal nothing, and need every letter to be told apart. */
const SHORT = 4;
/** Tries before a pseudonym may be longer than its word: more than a domain as small as the alphabet needs. */
const TRIES = 256;

/** Short words that stay as they are where they have a meaning: a pseudonym must not be taken for one. */
const RESERVED = new Set([
  'var', 'tmp', 'usr', 'lib', 'log', 'run', 'opt', 'srv', 'etc', 'bin', 'dev', 'sys', 'shm', 'mnt', 'pts', 'net', 'snd', 'bus', 'cpu',
  'dri', 'pod', 'cri', 'lxc', 'app', 'ecs', 'cls', 'max', 'min', 'low', 'io', 'in', 'fd', 'fds',
]);

/**
 * Names of shells say nothing about anybody, and a rule tells a shell's redirections from other inheritance by them; nor do those of
 * servers whose way of reloading is known, and the words of their titles; nor those of a runtime that has a thread pool.
 */
const PUBLIC = new Set(['sh', 'ash', 'bash', 'dash', 'zsh', 'ksh', 'mksh', 'fish', 'busybox', 'nginx', 'haproxy', 'master', 'worker', 'process', 'node', 'libuv', 'nodejs']);

export interface Words {
  /** A letter run, same length (nearly always), same upper and lower case, hexadecimal letters staying so. */
  word(run: string): string;
  /** Every letter run of a text; digits, separators and control characters stay. */
  text(text: string): string;
  /** Keyed hash, 64 lower-case hexadecimal digits. Equal for equal text and label only. */
  hash(label: string, text: string): string;
  /**
   * The pseudonym of `original`: the first of `candidate(digest)` that no other original of this label has. Digests are 32
   * bytes. `candidate` answers undefined for a digest it cannot use.
   */
  assign(label: string, original: string, candidate: (digest: Buffer, attempt: number) => string | undefined): string;
}

/** @param key secret of this tape, not stored anywhere */
export function openWords(key: Buffer): Words {
  const given = new Map<string, string>();
  const taken = new Set<string>();
  const { createHmac } = process.getBuiltinModule('node:crypto');
  const digest = (label: string, text: string): Buffer => createHmac('sha256', key).update(`${label}\0${text}`, 'utf8').digest();

  const assign: Words['assign'] = (label, original, candidate) => {
    const name = `${label}\0${original}`;
    const known = given.get(name);
    if (known !== undefined) return known;
    for (let attempt = 0; ; attempt++) {
      const pseudonym = candidate(digest(label, `${attempt}\0${original}`), attempt);
      if (pseudonym === undefined || taken.has(`${label}\0${pseudonym}`)) continue;
      taken.add(`${label}\0${pseudonym}`);
      given.set(name, pseudonym);
      return pseudonym;
    }
  };

  // Tables have each word many thousand times.
  const spelled = new Map<string, string>();
  const word: Words['word'] = (run) => {
    let known = spelled.get(run);
    if (known === undefined) spelled.set(run, (known = PUBLIC.has(run) ? run : assign('word', run, (bytes, attempt) => spell(run, bytes, run.length + Math.floor(attempt / TRIES)))));
    return known;
  };

  return {
    word,
    text: (text) => text.replace(LETTERS, word),
    hash: (label, text) => digest(label, text).toString('hex'),
    assign,
  };
}

function spell(run: string, bytes: Buffer, length: number): string | undefined {
  const hexadecimal = isHexadecimal(run);
  const alphabet = hexadecimal ? HEX_LETTERS : length < SHORT ? ALPHABET : CONSONANTS;
  let word = '';
  for (let index = 0; index < length; index++) {
    const letter = alphabet.charAt((bytes[index % bytes.length] ?? 0) % alphabet.length);
    word += /[A-Z]/.test(run.charAt(index)) ? letter.toUpperCase() : letter;
  }
  if (isHexadecimal(word) !== hexadecimal || RESERVED.has(word.toLowerCase()) || PUBLIC.has(word)) return undefined;
  return word === run && length >= SHORT ? undefined : word;
}

function isHexadecimal(word: string): boolean {
  return /^[a-f]+$/i.test(word);
}
