import { decodeText } from '../text.ts';
import { infoField } from './anon.ts';
import type { Kind } from './kind.ts';
import { fileType, S_IFCHR } from './path.ts';

const DEVICE = '/dev/net/tun';

export interface TunDetail {
  /** Name of the interface, empty while it is attached to none; absent when fdinfo could not be read. */
  interface?: string;
}

/** drivers/net/tun.c tun_chr_show_fdinfo, which asks under the lock of all interfaces (rtnl). */
export const tun: Kind<TunDetail> = {
  name: 'tun',
  plural: 'tunnel interfaces',
  infoBlocks: true,
  matches: (link, _info, stat) => link === DEVICE && (stat === undefined || fileType(stat) === S_IFCHR),
  decode: ({ info }) => {
    const name = infoField(info, 'iff');
    return name === undefined ? {} : { interface: decodeText(name).text };
  },
  // Several queues of one interface have one name.
  identity: (fd) => ({ id: `tun:${fd.detail.interface ?? ''}`, quality: 'weak' }),
  key: (fd) => (fd.detail.interface === '' ? 'tun without an interface' : 'tun'),
  attributes: (fd) => ({ path: DEVICE, interface: fd.detail.interface }),
  describe: (fd) => `tun ${fd.detail.interface === '' ? 'without an interface' : (fd.detail.interface ?? 'of an unknown interface')}`,
};
