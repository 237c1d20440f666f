import { constants } from 'node:os';
import { infoField, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface SignalfdDetail {
  /** Names of the signals it takes, without `SIG` where unnamed: `RTMIN+3` style numbers stay numbers. */
  signals?: string[];
}

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** fs/signalfd.c signalfd_show_fdinfo: `sigmask` is hex, bit N-1 is signal N. */
export const signalfd: Kind<SignalfdDetail> = {
  name: 'signalfd',
  plural: 'signalfds',
  matches: (link) => link === 'anon_inode:[signalfd]',
  decode: ({ info }) => {
    const mask = infoField(info, 'sigmask');
    if (mask === undefined || !/^[0-9a-f]+$/i.test(mask)) return {};
    const bits = BigInt(`0x${mask}`);
    const signals: string[] = [];
    for (let number = 1; number <= 64; number++) {
      if ((bits >> BigInt(number - 1)) & 1n) signals.push(names.get(number) ?? String(number));
    }
    return { signals };
  },
  identity: weakIdentity,
  key: () => 'signalfd',
  attributes: (fd) => ({ signals: fd.detail.signals?.join(',') }),
  describe: (fd) => `signalfd for ${fd.detail.signals?.join(', ') ?? 'unknown signals'}`,
};
