import type { ByteString } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import { infoField, infoNumber } from './anon.ts';
import type { Kind } from './kind.ts';
import { fileType } from './path.ts';

const PREFIX = '/dmabuf:';

export interface DmaBufDetail {
  bytes?: number;
  /** References to the buffer, of all processes and drivers. */
  references?: number;
  /** The driver it came from. */
  exporter?: string;
}

/**
 * drivers/dma-buf/dma-buf.c dmabuffs_dname and dma_buf_show_fdinfo: memory that devices share, `/dmabuf:` and the name it may
 * have been given. Before 5.8 its name was read under a lock that drivers hold.
 */
export const dmaBuf: Kind<DmaBufDetail> = {
  name: 'dma-buf',
  plural: 'DMA buffers',
  infoBlocks: true,
  // A file may be called so as well, but has a type.
  matches: (link, _info, stat) => link.startsWith(PREFIX) && (stat === undefined || fileType(stat) === 0),
  decode: ({ info }) => {
    const bytes = infoNumber(info, 'size');
    const references = infoNumber(info, 'count');
    const exporter = infoField(info, 'exp_name');
    return {
      ...(bytes !== undefined && { bytes }),
      ...(references !== undefined && { references }),
      ...(exporter && { exporter: decodeText(exporter).text }),
    };
  },
  // Since 5.3 each buffer is an inode of its own, with one open file.
  identity: (fd) => {
    const inode = fd.info?.ino ?? fd.stat?.ino;
    return inode === undefined ? { id: `dma-buf:${fd.link}`, quality: 'weak' } : { id: `dma-buf:${inode}`, quality: 'exact' };
  },
  key: (fd) => `dmabuf from ${fd.detail.exporter ?? 'an unknown driver'}`,
  attributes: ({ link, detail }) => ({ name: nameOf(link), bytes: detail.bytes, references: detail.references, exporter: detail.exporter }),
  describe: (fd) =>
    `dmabuf ${nameOf(fd.link) ?? '(unnamed)'} of ${fd.detail.bytes ?? 'unknown'} bytes from ${fd.detail.exporter ?? 'an unknown driver'}`,
};

function nameOf(link: ByteString): string | undefined {
  return link.length > PREFIX.length ? decodeText(link.slice(PREFIX.length)).text : undefined;
}
