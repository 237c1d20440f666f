import { decodeText } from '../text.ts';
import type { Kind } from './kind.ts';

/** `name:[4026531833]` and `name:3`: which one it is, and not what. */
const NUMBER_AT_END = /(?<=[:[])\d+(?=\]?$)/;

/** Whatever has no file of its own here yet: named as the kernel names it. */
export const other: Kind<null> = {
  name: 'other',
  plural: 'others',
  matches: () => true,
  decode: () => null,
  identity: (fd) => ({ id: `other:${fd.link}`, quality: 'weak' }),
  key: (fd) => decodeText(fd.link).text.replace(NUMBER_AT_END, '*'),
  attributes: () => ({}),
  describe: (fd) => decodeText(fd.link).text,
};
