/** Handles of overlayfs hold the handle of the real file in its layer (fs/overlayfs/overlayfs.h struct ovl_fh, ovl_fb). */
import type { ByteString, FileHandle } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';

/** OVL_FILEID_V1: three bytes of padding, then ovl_fb. V0 has no padding. */
const FILEID_V1 = 0xf8;
const FILEID_V0 = 0xfb;
const MAGIC = 0xfb;
const UPPER = 0x4;
/** version 1, magic 1, len 1, flags 1, type 1, uuid 16, then the handle. */
const HEADER = 21;

export interface LayerHandle {
  upper: boolean;
  handle: FileHandle;
}

/** Null for what is no handle of overlayfs. */
export function layerHandle({ type, bytes }: FileHandle): LayerHandle | null {
  if (type !== FILEID_V1 && type !== FILEID_V0) return null;
  const data = Buffer.from(bytes, 'hex').subarray(type === FILEID_V1 ? 3 : 0);
  const length = data[2] ?? 0;
  if (data[1] !== MAGIC || length <= HEADER || length > data.length) return null;
  const inner = data[4]!;
  return { upper: (data[3]! & UPPER) !== 0, handle: { type: inner, bytes: data.subarray(HEADER, length).toString('hex') } };
}

/** Directories of the layers as the mounter named them: the upper one, then the lower ones from the top. */
export function layersOf({ superOptions }: Mount): { upper: ByteString | undefined; lower: ByteString[] } {
  const optionOf = (name: string): ByteString | undefined => superOptions.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const lower = optionOf('lowerdir');
  // `lowerdir+=` is how new mounts name them, one by one; `\:` and `\,` are escaped.
  const more = superOptions.filter((option) => /^(?:lowerdir|datadir)\+=/.test(option)).map((option) => option.slice(option.indexOf('=') + 1));
  const unescaped = (path: ByteString): ByteString => path.replace(/\\([:,\\])/g, '$1');
  return {
    upper: optionOf('upperdir') === undefined ? undefined : unescaped(optionOf('upperdir')!),
    lower: [...(lower === undefined ? [] : lower.split(/(?<!\\):/).filter((path) => path !== '')), ...more].map(unescaped),
  };
}

/** The path in the overlay of a path in one of its layers; undefined when it is in none of them. */
export function pathInOverlay(mount: Mount, layers: readonly ByteString[], path: ByteString): ByteString | undefined {
  for (const layer of layers) {
    if (path !== layer && !path.startsWith(`${layer}/`)) continue;
    const inside = path.slice(layer.length);
    if (mount.root !== '/' && inside !== mount.root && !inside.startsWith(`${mount.root}/`)) continue;
    const rest = mount.root === '/' ? inside : inside.slice(mount.root.length);
    return `${mount.mountPoint === '/' ? '' : mount.mountPoint}${rest}` || '/';
  }
  return undefined;
}

/**
 * The same for a path in a layer whose name is not known: whichever end of it leads to the watched thing in the overlay tells where
 * the layer begins, which is added to `layers`.
 */
export function findLayer(mount: Mount, layers: ByteString[], path: ByteString, isSame: (path: ByteString) => boolean): ByteString | undefined {
  if (mount.root !== '/') return undefined;
  for (let at = path.indexOf('/', 1); ; at = path.indexOf('/', at + 1)) {
    const layer = at < 0 ? path : path.slice(0, at);
    const inOverlay = `${mount.mountPoint === '/' ? '' : mount.mountPoint}${path.slice(layer.length)}` || '/';
    if (isSame(inOverlay)) {
      layers.push(layer);
      return inOverlay;
    }
    if (at < 0) return undefined;
  }
}
