/** /proc/PID/cgroup, kernel kernel/cgroup/cgroup.c proc_cgroup_show: `hierarchy:controllers:path` lines. */
import type { ByteString } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import type { CgroupOrigin } from '../types.ts';
import { wholeLines } from './scan.ts';

/** Scopes that container engines make; their monitors (`crio-conmon-ID.scope`) are no containers. */
const CONTAINER_SCOPE = /^(?:docker|cri-containerd|crio|libpod)-([0-9a-f]{12,64})\.scope$/;
/** A cgroup named by the id alone, or `SLICE:cri-containerd:ID` where kubelet and containerd disagree on the driver. */
const CONTAINER_ID = /(?:^|:)([0-9a-f]{64})$/;
const LXC_PAYLOAD = /^lxc\.payload\.(.+)$/;
/** Uid of a pod, or the hash that stands for it in a static one. */
const POD = /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice|$)/;
const UNIT = /\.(?:service|scope)$/;
/** What the kernel appends to the path of a removed cgroup that still has a member. */
const REMOVED = / \(deleted\)$/;

/**
 * Who manages the process. Of several hierarchies the first of v2, systemd's own, memory and pids that has the process below
 * its root decides. Unit, container and pod are each the innermost of the path, with systemd's `\xNN` escapes undone.
 * Null when there is no whole line.
 */
export function parseCgroup(text: ByteString): CgroupOrigin | null {
  const raw = pathOf(text);
  if (raw === undefined) return null;
  const origin: CgroupOrigin = { path: decodeText(raw).text };
  const parts = raw.replace(REMOVED, '').split('/').map(unescapePart).reverse();
  parts.forEach((part, i) => {
    const container = containerOf(part, parts[i + 1]);
    const pod = POD.exec(part)?.[1]?.replaceAll('_', '-');
    if (container !== undefined) origin.container ??= container;
    else if (UNIT.test(part)) origin.unit ??= part;
    if (pod !== undefined) origin.pod ??= pod;
  });
  return origin;
}

function pathOf(text: ByteString): ByteString | undefined {
  const lines = wholeLines(text)
    .map((line) => /^\d+:([^:]*):(\/.*)$/s.exec(line))
    .flatMap((match) => (match ? [{ rank: rankOf(match[1] ?? ''), path: match[2] ?? '' }] : []))
    .sort((a, b) => a.rank - b.rank);
  return (lines.find((line) => line.path !== '/') ?? lines[0])?.path;
}

function rankOf(controllers: ByteString): number {
  if (controllers === '') return 0;
  if (controllers === 'name=systemd') return 1;
  const names = controllers.split(',');
  if (names.includes('memory')) return 2;
  return names.includes('pids') ? 3 : 4;
}

function containerOf(part: string, parent: string | undefined): string | undefined {
  const id = CONTAINER_SCOPE.exec(part)?.[1] ?? CONTAINER_ID.exec(part)?.[1] ?? LXC_PAYLOAD.exec(part)?.[1];
  if (id !== undefined) return id;
  if (parent === 'docker' && /^[0-9a-f]{12,64}$/.test(part)) return part;
  return parent === 'lxc' && part !== '' ? part : undefined;
}

function unescapePart(part: ByteString): string {
  return decodeText(part.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))).text;
}
