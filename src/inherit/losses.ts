/** Which differences nobody would choose silently: the new generation can do less, or a later reload of it will fail. */
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
      return name === 'nice' || name === 'oom_score_adj' ? Number(now) > Number(old) : true;
    case 'rights':
      return rightsLoss(name, old, now);
    case 'place':
      // Releases have directories of their own.
      return name !== 'working directory';
    default:
      return false;
  }
}

function isLower(now: string, old: string): boolean {
  if (now === 'unlimited') return false;
  return old === 'unlimited' || BigInt(now) < BigInt(old);
}

function signalLoss(name: string, old: readonly string[], now: readonly string[]): boolean {
  if (name === 'caught signals') return RELOAD.some((signal) => old.includes(signal) && !now.includes(signal));
  return RELOAD.some((signal) => now.includes(signal) && !old.includes(signal));
}

function rightsLoss(name: string, old: string, now: string): boolean {
  if (name === 'no_new_privs' || name.startsWith('seccomp')) return Number(now) > Number(old);
  if (!name.startsWith('cap') && !name.endsWith('capabilities')) return true;
  if (!/^[0-9a-f]+$/i.test(old) || !/^[0-9a-f]+$/i.test(now)) return true;
  return (BigInt(`0x${old}`) & ~BigInt(`0x${now}`)) !== 0n;
}
