import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { goAction } from '../go-signals.ts';
import type { Delivery, PreflightLook } from '../model.ts';
import type { Deaf } from '../programs.ts';

const ID = 'preflight/signal-kills';

/** A signal without a handler does not reload: it ends the process, or stops it. */
export const signalKills = lastEventRule<PreflightLook>(ID, 'preflight', ({ process, delivery, deaf }): Finding[] => {
  if (!delivery) return [];
  if (deaf?.ends) return [endsByHandler(process, delivery, deaf)];
  if (delivery.asked === false && goAction(delivery.number) === 'ends') return [endsByRuntime(process, delivery)];
  const { name, caught, ignored, readBy, isInit, action, blockedLooks, looks } = delivery;
  if (caught || ignored || readBy || isInit || action === 'nothing' || blockedLooks === looks) return [];
  const words = action === 'ends' ? 'would end' : 'would stop';
  return [
    {
      id: ID,
      severity: 'critical',
      confidence: 'certain',
      because: 'the kernel does that with a signal that has no handler, is not ignored, and is not read by a signalfd or sigwait',
      title: `SIG${name} ${words} ${processLabel(process)}: it has no handler for it`,
      subject: subjectOf('signal', name, process),
      evidence: [
        { name: `SigCgt has ${name}`, value: false, source: `/proc/${process.pid}/status` },
        { name: `SigIgn has ${name}`, value: false, source: `/proc/${process.pid}/status` },
      ],
      remedy: [
        { text: 'see which signals it catches: bit N-1 of SigCgt is signal N', command: `grep ^Sig /proc/${process.pid}/status`, risk: 'none' },
        ...(process.ppid > 1 ? [{ text: 'a worker or a wrapper may have been asked instead of the process that handles it: ask its parent', command: `reloadctl preflight ${process.ppid} --signal ${name}`, risk: 'none' as const }] : []),
        { text: 'reload by the way its service manager knows, or restart it', risk: 'restart' },
      ],
      fingerprint: fingerprint(ID, name),
    },
  ];
});

function endsByRuntime(process: PreflightLook['process'], { name }: Delivery): Finding {
  return {
    id: ID,
    severity: 'critical',
    confidence: 'certain',
    because: 'the Go runtime catches every signal, and ends the program by this one where the program did not ask for it',
    title: `SIG${name} would end ${processLabel(process)}: it does not ask for it (signal.Notify)`,
    subject: subjectOf('signal', name, process),
    evidence: [
      { name: `asks for ${name}`, value: false, source: `runtime.sig in the memory of ${process.pid}` },
      { name: `SigCgt has ${name}`, value: true, source: `/proc/${process.pid}/status` },
    ],
    remedy: [
      ...(process.ppid > 1 ? [{ text: 'a worker or a wrapper may have been asked instead of the process that handles it: ask its parent', command: `reloadctl preflight ${process.ppid} --signal ${name}`, risk: 'none' as const }] : []),
      { text: 'reload by the way its manual names, or restart it by its service manager', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, `${name} go`),
  };
}

function endsByHandler(process: PreflightLook['process'], { name }: Delivery, { what, because, instead, certain }: Deaf): Finding {
  return {
    id: ID,
    severity: certain ? 'critical' : 'warning',
    confidence: certain ? 'certain' : 'likely',
    because,
    title: `SIG${name} would not reload ${processLabel(process)}: ${what}`,
    subject: subjectOf('signal', name, process),
    evidence: [{ name: `SigCgt has ${name}`, value: true, source: `/proc/${process.pid}/status` }],
    remedy: [{ text: instead, risk: 'none' }],
    fingerprint: fingerprint(ID, `${name} handled`),
  };
}
