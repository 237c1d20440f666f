import { decodeText } from '../text.ts';
import type { Kind } from './kind.ts';

/** Whatever has no file of its own here yet: named as the kernel names it. */
export const other: Kind<null> = {
  name: 'other',
  plural: 'others',
  matches: () => true,
  decode: () => null,
  identity: (fd) => ({ id: `other:${fd.link}`, quality: 'weak' }),
  key: (fd) => decodeText(fd.link).text,
  attributes: () => ({}),
  describe: (fd) => decodeText(fd.link).text,
};
