/** The mounts of a process, as it names them. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { type Mount, parseMounts } from '../../kernel/proc/mountinfo.ts';

/**
 * mountinfo of the process. In a chroot(2) that is no mount point the kernel leaves out what its own root lies on (fs/proc_namespace.c
 * shows what can be reached from the root only): that is put in front, by what we see ourselves where we share its mounts.
 */
export function mountsOfProcess(evidence: Pick<Evidence, 'read' | 'readlink'>, pid: number): Mount[] {
  const mounts = readMounts(evidence, pid);
  if (mounts.some(({ mountPoint }) => mountPoint === '/')) return mounts;
  const root = evidence.readlink(`/proc/${pid}/root`).value;
  const namespace = evidence.readlink(`/proc/${pid}/ns/mnt`).value;
  if (root === undefined || root === '/' || namespace === undefined || namespace !== evidence.readlink('/proc/self/ns/mnt').value) return mounts;
  const below = mountBelow(root, readMounts(evidence, 'self'));
  return below ? [below, ...mounts] : mounts;
}

export function readMounts(evidence: Pick<Evidence, 'read'>, pid: number | 'self'): Mount[] {
  return parseMounts(evidence.read(`/proc/${pid}/mountinfo`).value ?? '');
}

/** The mount that a directory lies on, as it is seen from there: like a bind mount of that directory. */
function mountBelow(root: ByteString, mounts: readonly Mount[]): Mount | undefined {
  const holding = mounts.filter(({ mountPoint }) => mountPoint === '/' || root === mountPoint || root.startsWith(`${mountPoint}/`));
  const mount = holding.toSorted((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
  if (!mount) return undefined;
  const inside = mount.mountPoint === '/' ? root : root.slice(mount.mountPoint.length);
  return { ...mount, root: mount.root === '/' ? inside || '/' : `${mount.root}${inside}`, mountPoint: '/' };
}
