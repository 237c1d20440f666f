/** `data` of the report: the part scripts read. Add keys, never change them. */
import type { InotifyUser, InotifyUsers } from '../../kernel/inotify-users/index.ts';
import type { Demand } from './event.ts';
import { type Fits, fits, inUse, type Resource, roomOf, settingOf, shareOf } from './fit.ts';
import { type Holder, holdersOf } from './holders.ts';
import type { LimitsOptions } from './options.ts';
import { type Raise, raiseOf } from './raise.ts';
import type { TreeRow } from './trees.ts';

export interface BindingRow {
  resource: Resource;
  /** sysctl: `fs.inotify.max_user_watches`. */
  setting: string;
  userns: string;
  uid: number;
  used: number;
  limit: number;
  left: number;
}

export interface UseRow {
  /** Seen: there are that many at least. */
  used: number;
  /** null when it cannot be told. */
  atMost: number | null;
  /** The smallest of this namespace and those around it; null when none could be read. */
  limit: number | null;
  left: number | null;
  leftAtLeast: number | null;
  /** The counter that has least left: this user's, or that of a namespace around it. null also where trying met one that is not seen. */
  binding: Omit<BindingRow, 'resource'> | null;
}

export interface UserRow {
  userns: string;
  uid: number;
  /** It is who runs this. */
  self?: true;
  instances: UseRow;
  watches: UseRow;
  holders: Holder[];
}

export interface DemandRow {
  uid: number;
  userns: string;
  fits: Fits;
  instances: { need: number; fits: Fits };
  watches: { need: number; fits: Fits };
  library?: string;
  trees?: TreeRow[];
  /** What would make it fit; never done. Nothing for what no setting allows. */
  raise: Raise[];
}

export interface LimitsData {
  users: UserRow[];
  /** What the user who was asked about runs out of first. */
  binding: BindingRow | null;
  demand?: DemandRow;
}

const RESOURCES = ['instances', 'watches'] as const;

export function buildData(found: InotifyUsers | undefined, demand: Demand | undefined, trees: TreeRow[], options: LimitsOptions): LimitsData {
  if (!found) return { users: [], binding: null };
  const users = found.users.map((user) => userRow(user, user === found.self)).sort((a, b) => fullness(b) - fullness(a) || a.uid - b.uid || (a.userns < b.userns ? -1 : 1));
  return { users, binding: bindingOf(found.asked, demand), ...(demand && { demand: demandRow(found, demand, trees, options) }) };
}

function userRow(user: InotifyUser, isSelf: boolean): UserRow {
  const { userns, uid } = user;
  return { userns, uid, ...(isSelf && { self: true }), instances: useRow(user, 'instances'), watches: useRow(user, 'watches'), holders: holdersOf(user) };
}

function useRow(user: InotifyUser, resource: Resource): UseRow {
  const { used, atMost, limit, left, leftAtLeast, binding } = roomOf(user, resource);
  const use = binding?.[resource];
  const { userns, uid } = binding ?? user;
  return { used, atMost, limit, left, leftAtLeast, binding: binding && { setting: settingOf(binding, resource), userns, uid, used: inUse(user, binding, resource), limit: use!.limit!, left: left! } };
}

function fullness({ instances, watches }: UserRow): number {
  return Math.max(...[instances, watches].map(({ binding }) => (binding ? shareOf(binding.used, binding.limit) : 0)));
}

function bindingOf(user: InotifyUser, demand: Demand | undefined): BindingRow | null {
  const rows = RESOURCES.flatMap((resource) => {
    const { binding } = useRow(user, resource);
    return binding ? [{ resource, ...binding }] : [];
  });
  const share = ({ resource, used, limit }: BindingRow): number => shareOf(used + (demand?.needs[resource] ?? 0), limit);
  return rows.sort((a, b) => share(b) - share(a))[0] ?? null;
}

function demandRow({ asked, self }: InotifyUsers, { needs }: Demand, trees: TreeRow[], options: LimitsOptions): DemandRow {
  const rooms = { instances: roomOf(asked, 'instances'), watches: roomOf(asked, 'watches') };
  const answers = { instances: fits(rooms.instances, needs.instances), watches: fits(rooms.watches, needs.watches) };
  const all = Object.values(answers);
  const refused = RESOURCES.filter((resource) => answers[resource] === 'no');
  return {
    uid: asked.uid,
    userns: asked.userns,
    fits: all.includes('no') ? 'no' : all.includes('unknown') || trees.some(({ complete }) => !complete) ? 'unknown' : 'yes',
    instances: { need: needs.instances, fits: answers.instances },
    watches: { need: needs.watches, fits: answers.watches },
    ...(trees.length > 0 && { library: options.model.name, trees }),
    raise: refused.flatMap((resource) => {
      const { binding } = rooms[resource];
      return (binding && raiseOf(binding, resource, { used: inUse(asked, binding, resource), need: needs[resource] }, self.userns)) ?? [];
    }),
  };
}
