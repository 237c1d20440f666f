import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import type { Delivery, PreflightLook } from '../model.ts';

const ID = 'preflight/signal-blocked';
/** One look may fall into a critical section. */
const ENOUGH_LOOKS = 3;

interface Why {
  title: string;
  because: string;
  confidence: Finding['confidence'];
  mask: string;
}

/** A signal that is ignored or blocked never arrives: nothing is reloaded, and nobody says so. */
export const signalBlocked = lastEventRule<PreflightLook>(ID, 'preflight', ({ process, delivery }): Finding[] => {
  const why = delivery && whyNot(delivery);
  if (!why) return [];
  const { name } = delivery;
  return [
    {
      id: ID,
      severity: 'critical',
      confidence: why.confidence,
      because: why.because,
      title: `SIG${name} would not reload ${processLabel(process)}: ${why.title}`,
      subject: subjectOf('signal', name, process),
      evidence: [{ name: why.mask, value: name, source: `/proc/${process.pid}/status` }],
      remedy: [
        { text: 'ignored and blocked signals pass through fork and exec: nohup, a shell that ran it in the background, or a parent that blocked it; start it by a service manager, or with', command: `env --default-signal=${name} --block-signal= PROGRAM`, risk: 'restart' },
      ],
      fingerprint: fingerprint(ID, why.mask),
    },
  ];
});

function whyNot({ name, caught, ignored, blockedLooks, looks, threads, readBy, isInit, action }: Delivery): Why | undefined {
  if (readBy) return undefined;
  if (ignored) return { title: 'it ignores it', because: 'its mask of ignored signals has it, and a signal that is ignored is thrown away', confidence: 'certain', mask: 'SigIgn' };
  if (blockedLooks === looks && looks >= ENOUGH_LOOKS) {
    const who = threads > 1 ? `all of its ${threads} threads block it` : 'it blocks it';
    return { title: who, because: `it was blocked at each of ${looks} looks, and neither a signalfd nor a thread in sigwait reads it`, confidence: 'likely', mask: 'SigBlk' };
  }
  if (caught) return undefined;
  if (isInit) return { title: 'it is process 1 of its container and has no handler for it', because: 'process 1 of a pid namespace gets no signal that it has no handler for', confidence: 'certain', mask: 'SigCgt' };
  return action === 'nothing' ? { title: 'it has no handler, and without one nothing happens', because: `SIG${name} without a handler does nothing`, confidence: 'certain', mask: 'SigCgt' } : undefined;
}
