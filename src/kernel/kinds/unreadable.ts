import type { Kind } from './kind.ts';

/** A descriptor that is there but could not be read: a row with an errno, not an exception. */
export const unreadable: Kind<null> = {
  name: 'unreadable',
  plural: 'unreadable',
  matches: (link) => link === '',
  decode: () => null,
  identity: (fd) => ({ id: `unreadable:${fd.fd}`, quality: 'weak' }),
  key: (fd) => `unreadable (${fd.errno ?? 'unknown error'})`,
  attributes: (fd) => ({ errno: fd.errno }),
  describe: (fd) => `unreadable: ${fd.errno ?? 'unknown error'}`,
};
