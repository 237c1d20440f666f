import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { goAction } from '../go-signals.ts';
import type { Delivery, PreflightLook } from '../model.ts';

const ID = 'preflight/signal-blocked';
/** One look may fall into a critical section. */
const ENOUGH_LOOKS = 3;

interface Why {
  title: string;
  because: string;
  confidence: Finding['confidence'];
  mask: string;
  /** In place of the word on masks. */
  instead?: string;
  source?: string;
}

/** A signal that is ignored or blocked never arrives: nothing is reloaded, and nobody says so. */
export const signalBlocked = lastEventRule<PreflightLook>(ID, 'preflight', ({ process, delivery, deaf }): Finding[] => {
  const why: Why | undefined | false = !!delivery && (whyNot(delivery) ?? (deaf && !deaf.ends && { title: deaf.what, because: deaf.because, confidence: deaf.certain ? ('certain' as const) : ('likely' as const), mask: 'SigCgt', instead: deaf.instead }));
  if (!delivery || !why) return [];
  const { name } = delivery;
  return [
    {
      id: ID,
      // Somebody wrote a handler for it: there may be moments in which it is let in.
      severity: why.mask === 'SigBlk' && delivery.caught ? 'warning' : 'critical',
      confidence: why.confidence,
      because: why.because,
      title: `SIG${name} would not reload ${processLabel(process)}: ${why.title}`,
      subject: subjectOf('signal', name, process),
      evidence: [{ name: why.mask, value: name, source: why.source ?? `/proc/${process.pid}/status` }],
      remedy: why.instead !== undefined ? [{ text: why.instead, risk: 'none' }] : [
        { text: 'ignored and blocked signals pass through fork and exec: nohup, a shell that ran it in the background, or a parent that blocked it; start it by a service manager, or with', command: `env --default-signal=${name} --block-signal= PROGRAM`, risk: 'restart' },
      ],
      fingerprint: fingerprint(ID, why.mask),
    },
  ];
});

function whyNot({ name, number, caught, ignored, blockedLooks, looks, threads, readBy, isInit, action, asked }: Delivery): Why | undefined {
  if (readBy) return undefined;
  if (ignored) return { title: 'it ignores it', because: 'its mask of ignored signals has it, and a signal that is ignored is thrown away', confidence: 'certain', mask: 'SigIgn' };
  if (blockedLooks === looks && looks >= ENOUGH_LOOKS) {
    const who = threads > 1 ? `all of its ${threads} threads block it` : 'it blocks it';
    return { title: who, because: `it was blocked at each of ${count(looks)} looks, and neither a signalfd nor a thread in sigwait reads it; a loop that asks sigpending() would look the same`, confidence: 'likely', mask: 'SigBlk' };
  }
  if (asked === false && goAction(number) === 'nothing') return { title: 'it does not ask for it (signal.Notify)', because: `the Go runtime catches every signal, and throws SIG${name} away where the program did not ask for it`, confidence: 'certain', mask: 'not in signal.Notify', instead: 'signal what its manual names for a reload', source: 'runtime.sig in its memory' };
  if (caught) return undefined;
  if (isInit) return { title: 'it is process 1 of its container and has no handler for it', because: 'process 1 of a pid namespace gets no signal that it has no handler for', confidence: 'certain', mask: 'SigCgt' };
  return action === 'nothing' ? { title: 'it has no handler, and without one nothing happens', because: `SIG${name} without a handler does nothing`, confidence: 'certain', mask: 'SigCgt' } : undefined;
}
