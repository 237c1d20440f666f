import { FIRST_USER_NAMESPACE } from '../../kernel/inotify-users/index.ts';
import type { Block, Cell } from '../../render/index.ts';
import { bytes, count, listOf, percent, plural } from '../../report/words.ts';
import type { DemandRow, LimitsData, UserRow, UseRow } from './data.ts';
import { nameOf, shareOf, WATCH_BYTES } from './fit.ts';
import type { Holder } from './holders.ts';
import type { TreeRow } from './trees.ts';

const SHOWN = 10;

export function* viewOf(data: LimitsData, { all }: { all: boolean }): Generator<Block> {
  if (data.users.length === 0) return;
  if (data.demand) yield* demandBlocks(data.demand);
  yield userTable(data.users);
  const holders = data.users.flatMap((user) => user.holders.map((holder) => ({ user, holder })));
  holders.sort((a, b) => b.holder.instances - a.holder.instances || (b.holder.watches ?? 0) - (a.holder.watches ?? 0));
  if (holders.length === 0) return;
  const shown = all ? holders : holders.slice(0, SHOWN);
  yield { type: 'blank' };
  yield holderTable(shown);
  if (shown.length < holders.length) yield { type: 'paragraph', text: `and ${plural('more process', holders.length - shown.length, 'more processes')} (--all)`, tone: 'dim' };
  yield { type: 'command', text: `reloadctl inotify ${holders[0]!.holder.pid}`, note: 'what the first one watches' };
}

function* demandBlocks({ uid, userns, instances, watches, fits, library, trees }: DemandRow): Generator<Block> {
  for (const tree of trees ?? []) {
    yield { type: 'paragraph', text: treeWords(tree, library!) };
    if (tree.notes) yield { type: 'list', items: tree.notes };
  }
  const parts = [
    ...(instances.need > 0 ? [plural('instance', instances.need)] : []),
    ...(watches.need > 0 ? [`${plural('watch', watches.need, 'watches')} (${bytes(watches.need * WATCH_BYTES)} of kernel memory, and the inodes they pin)`] : []),
  ];
  const answer = { yes: 'fits', no: 'does not fit', unknown: 'cannot be told' }[fits];
  const who = nameOf({ uid, userns }, userns === FIRST_USER_NAMESPACE);
  yield { type: 'paragraph', text: `needed for ${who}: ${parts.length > 0 ? parts.join(' and ') : 'nothing'}: ${answer}`, tone: fits === 'yes' ? 'good' : fits === 'no' ? 'critical' : 'warning' };
  yield { type: 'blank' };
}

function treeWords({ path, directories, files, links, targets, watches, unreadable, complete }: TreeRow, library: string): string {
  const parts = [plural('directory', directories, 'directories'), ...(files > 0 ? [plural('file', files)] : []), ...(links > 0 ? [`${plural('link', links)}${targets > 0 ? ` to ${plural('thing', targets)} besides` : ''}`] : [])];
  const missing = unreadable > 0 ? `, ${count(unreadable)} unreadable` : '';
  return `${path}: ${parts.join(', ')}${missing}: ${complete ? '' : 'at least '}${plural('watch', watches, 'watches')} (${library})`;
}

function userTable(users: readonly UserRow[]): Block {
  return {
    type: 'table',
    columns: [{ title: 'USER' }, { title: 'INSTANCES', align: 'right' }, { title: 'LEFT', align: 'right' }, { title: 'WATCHES', align: 'right' }, { title: 'LEFT', align: 'right' }, { title: 'BOUND BY', flex: true }],
    rows: users.map((user) => [
      `${nameOf(user, user.userns === FIRST_USER_NAMESPACE)}${user.self ? ' (you)' : ''}`,
      useCell(user.instances),
      leftCell(user.instances),
      useCell(user.watches),
      leftCell(user.watches),
      boundBy(user),
    ]),
  };
}

function useCell({ used, atMost, limit }: UseRow): string {
  const seen = `${atMost === used ? '' : 'at least '}${count(used)}`;
  return limit === null ? `${seen} of unknown` : `${seen} of ${count(limit)}`;
}

function leftCell({ left, leftAtLeast, binding }: UseRow): Cell {
  if (left === null) return 'unknown';
  const text = leftAtLeast === left ? count(left) : `at most ${count(left)}`;
  const share = binding ? shareOf(binding.used, binding.limit) : 0;
  return left === 0 ? { text, tone: 'critical' } : share >= 0.9 ? { text, tone: 'warning' } : text;
}

/** What this user runs out of first, and whose counter that is. */
function boundBy(user: UserRow): string {
  const uses = [user.instances, user.watches];
  if (uses.some(({ left, binding }) => left !== null && binding === null)) return 'a limit that is not seen from here';
  const [full] = uses.flatMap(({ binding }) => binding ?? []).sort((a, b) => shareOf(b.used, b.limit) - shareOf(a.used, a.limit));
  if (!full) return '-';
  const whose = full.userns === user.userns && full.uid === user.uid ? '' : ` of ${nameOf(full, full.userns === FIRST_USER_NAMESPACE)}`;
  return `${full.setting}${whose} (${percent(shareOf(full.used, full.limit))} used)`;
}

function holderTable(rows: readonly { user: UserRow; holder: Holder }[]): Block {
  return {
    type: 'table',
    columns: [{ title: 'PID', align: 'right' }, { title: 'UID', align: 'right' }, { title: 'INSTANCES', align: 'right' }, { title: 'WATCHES', align: 'right' }, { title: 'COMMAND' }, { title: 'NOTE', flex: true }],
    rows: rows.map(({ user, holder }) => [holder.pid, user.uid, count(holder.instances), holder.watches === null ? 'unknown' : count(holder.watches), holder.comm, noteOf(holder)]),
  };
}

function noteOf({ pid, sharedWith, onlyInChildOf, changedUser }: Holder): string {
  const notes = [
    ...(sharedWith ? [`shared with ${listOf(sharedWith, 3)}`] : []),
    ...(onlyInChildOf ? [`held only by child ${pid} of ${onlyInChildOf.comm}[${onlyInChildOf.pid}], made by it or inherited`] : []),
    ...(changedUser ? ['has changed its user: may be charged to another'] : []),
  ];
  return notes.join('; ');
}
