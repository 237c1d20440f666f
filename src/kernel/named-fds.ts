import { FD_WORDS } from '../evidence/fd-words.ts';
import type { ByteString } from '../evidence/types.ts';

const NUMBERS = '\\d{1,7}(?:[,;:]\\d{1,7})*';
/** `--fd 3`, `--listen-fds 3,4`: an option, and the argument after it. */
const OPTION = new RegExp(`^-{1,2}(?:[^=]*[-_])?(?:${FD_WORDS})$`, 'i');
const ALONE = new RegExp(`^${NUMBERS}$`);
/** `--fd=3`, `fd://3`, `unix:fd=5`, `fd@3`. Bytes of other scripts are letters too. */
const WITH_VALUE = new RegExp(`(?:^|[^a-z\\x80-\\xff])(?:${FD_WORDS})(?:[=:@]|://)(${NUMBERS})$`, 'i');
const PATH = /^\/(?:dev|proc\/self)\/fd\/(\d{1,7})$/;

/**
 * Descriptor numbers that a command line names, and so hands over on purpose. A number alone is none: `sleep 3`.
 * @param cmdline of /proc/PID/cmdline, arguments ending with NUL
 */
export function namedFds(cmdline: ByteString): number[] {
  const args = cmdline.split('\0');
  const named = new Set<number>();
  args.forEach((arg, index) => {
    const next = args[index + 1] ?? '';
    const text = PATH.exec(arg)?.[1] ?? WITH_VALUE.exec(arg)?.[1] ?? (OPTION.test(arg) && ALONE.test(next) ? next : undefined);
    for (const number of text?.split(/[,;:]/) ?? []) named.add(Number(number));
  });
  return [...named];
}
