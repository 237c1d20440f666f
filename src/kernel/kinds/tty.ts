import type { ByteString, FileStat } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import type { FdInfo } from '../types.ts';
import { infoNumber } from './anon.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, fileType, isPath, pathKey, S_IFCHR } from './path.ts';

export interface TtyDetail {
  /** Of the master of a pseudo terminal: its slave is /dev/pts/N. */
  index?: number;
}

const TERMINAL = /^\/dev\/(?:pts\/\d+|console|tty[A-Za-z]*\d*)$/;
const MASTER = /^\/dev\/(?:pts\/)?ptmx$/;

/** A terminal, a serial line, or the master of a pseudo terminal (drivers/tty/pty.c ptm_show_fdinfo: `tty-index`). */
export const tty: Kind<TtyDetail> = {
  name: 'tty',
  plural: 'terminals',
  matches: (link, info, stat) => isPath(link) && (stat === undefined || fileType(stat) === S_IFCHR) && isTerminal(link, info, stat),
  decode: ({ info }) => {
    const index = infoNumber(info, 'tty-index');
    return index === undefined ? {} : { index };
  },
  // Every open of ptmx makes a terminal of its own; the mount tells those of two containers apart.
  identity: (fd) =>
    fd.detail.index === undefined ? fileIdentity(fd) : { id: `ptmx:${fd.info?.mntId ?? ''}:${fd.detail.index}`, quality: 'exact' },
  key: pathKey,
  keyIsPath: true,
  attributes: (fd) => ({ path: decodeText(fd.link).text, ttyIndex: fd.detail.index, slave: slaveOf(fd.detail) }),
  describe: (fd) => {
    const slave = slaveOf(fd.detail);
    return slave === undefined ? decodeText(fd.link).text : `${decodeText(fd.link).text}, master of ${slave}`;
  },
};

/** The names of /dev, and a ptmx of another mount, which only a device can be. */
function isTerminal(link: ByteString, info: FdInfo | undefined, stat: FileStat | undefined): boolean {
  return TERMINAL.test(link) || MASTER.test(link) || (stat !== undefined && infoNumber(info, 'tty-index') !== undefined);
}

function slaveOf(detail: TtyDetail): string | undefined {
  return detail.index === undefined ? undefined : `/dev/pts/${detail.index}`;
}
