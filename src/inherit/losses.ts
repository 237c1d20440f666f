/** Which differences nobody would choose silently: the new generation can do less, or a later reload of it will fail. */
import { shapeOf } from '../kernel/shape.ts';
import type { Difference } from './model.ts';

/** Signals by which services are reloaded and ended. INT is for terminals. */
const RELOAD = ['HUP', 'QUIT', 'TERM', 'USR1', 'USR2', 'WINCH'];

export function isLoss({ aspect, name, old, new: now }: Omit<Difference, 'lost' | 'source'>): boolean {
  if (old === null || now === null) return false;
  switch (aspect) {
    case 'files':
      return true;
    case 'limits':
      return isLower(now.split(':')[0]!, old.split(':')[0]!) || isLower(now.split(':')[1]!, old.split(':')[1]!);
    case 'signals':
      return signalLoss(name, old.split(' '), now.split(' '));
    case 'scheduling':
      return name === 'nice' || name === 'oom_score_adj' ? Number(now) > Number(old) : lacks(numbersIn(old), numbersIn(now));
    case 'rights':
      return rightsLoss(name, old, now);
    case 'place':
      // Releases have directories of their own, sessions and containers a number or an id.
      return name !== 'working directory' && !(name.startsWith('cgroup ') && shapeOf(old) === shapeOf(now));
    default:
      return false;
  }
}

function isLower(now: string, old: string): boolean {
  if (now === 'unlimited') return false;
  return old === 'unlimited' || BigInt(now) < BigInt(old);
}

function words(text: string): Set<string> {
  return new Set(text.split(' ').filter((word) => word !== ''));
}

/** `0-3,8`, as bitmaps are printed. */
function numbersIn(list: string): Set<number> {
  const numbers = new Set<number>();
  for (const part of list.split(',')) {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return numbers;
}

/** Something of the old is not among the new. */
function lacks<T>(old: ReadonlySet<T>, now: ReadonlySet<T>): boolean {
  return [...old].some((one) => !now.has(one));
}

function signalLoss(name: string, old: readonly string[], now: readonly string[]): boolean {
  if (name === 'caught signals') return RELOAD.some((signal) => old.includes(signal) && !now.includes(signal));
  return RELOAD.some((signal) => now.includes(signal) && !old.includes(signal));
}

function rightsLoss(name: string, old: string, now: string): boolean {
  if (name === 'no_new_privs' || name.startsWith('seccomp')) return Number(now) > Number(old);
  if (name === 'groups') return lacks(words(old), words(now));
  // Real, effective, saved and of the file system: who becomes root can do all that he could.
  if (name === 'uid') return [...words(now)].some((id) => id !== '0');
  if (!name.startsWith('cap') && !name.endsWith('capabilities')) return true;
  if (!/^[0-9a-f]+$/i.test(old) || !/^[0-9a-f]+$/i.test(now)) return true;
  return (BigInt(`0x${old}`) & ~BigInt(`0x${now}`)) !== 0n;
}
