/** What packs a file, by its first bytes: what is unpacked here, and what others must. */
import type { Cut } from '../../kernel/goroutines.ts';
import { gunzippedChunks, unzstdedChunks } from '../../evidence/index.ts';

type Chunks = AsyncIterable<Buffer>;

/** What a packed file may become. */
const MOST_UNPACKED_BYTES = 16 * 1024 * 1024 * 1024;

const UNPACKERS: readonly { sign: string; unpack(packed: Chunks): Chunks }[] = [
  { sign: '\x1f\x8b', unpack: gunzippedChunks },
  { sign: '\x28\xb5\x2f\xfd', unpack: unzstdedChunks },
];

const OTHERS: readonly (readonly [sign: string, name: string, command: string])[] = [
  ['\xfd7zXZ\0', 'xz', 'xz -dc'],
  ['BZh', 'bzip2', 'bzip2 -dc'],
  ['\x04\x22\x4d\x18', 'lz4', 'lz4 -dc'],
  ['7z\xbc\xaf\x27\x1c', '7z', '7z x -so'],
];

const LONGEST_SIGN = 8;

const WHY: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'the packed file ends too early', ZSTD_CUT: 'the packed file ends too early',
  Z_DATA_ERROR: 'the packed file is damaged from here on', ZSTD_DAMAGED: 'the packed file is damaged from here on',
  Z_CHECKSUM: 'the packed file is damaged: its checksum is another', ZSTD_error_checksum_wrong: 'the packed file is damaged: its checksum is another',
};

/**
 * What is packed in `chunks`; undefined where they are not, or by what is not known here.
 * @param head of them @param onCut called before the end when the file is not whole; what could be unpacked has come then
 */
export function unpacked(chunks: Chunks, head: Buffer, onCut: (cut: Cut) => void): Chunks | undefined {
  const start = head.toString('latin1', 0, LONGEST_SIGN);
  const unpacker = UNPACKERS.find(({ sign }) => start.startsWith(sign));
  return unpacker && whole(unpacker.unpack(chunks), onCut);
}

/** Of what we do not unpack: why it is not read, and what to do. */
export function otherPacker(head: Buffer): string | undefined {
  const start = head.toString('latin1', 0, LONGEST_SIGN);
  const found = OTHERS.find(([sign]) => start.startsWith(sign));
  return found && `it is packed by ${found[1]}, which is not unpacked here: ${found[2]} FILE | reloadctl goroutines -`;
}

async function* whole(chunks: Chunks, onCut: (cut: Cut) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > MOST_UNPACKED_BYTES) {
        onCut({ kind: 'limit', detail: 'it unpacks to more than 16 GiB' });
        return;
      }
      yield chunk;
    }
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    if (!/^Z(STD)?_/.test(code)) throw error;
    onCut({ kind: 'compressed', detail: WHY[code] ?? WHY.Z_DATA_ERROR! });
  }
}
