import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import type { PreflightLook } from '../model.ts';

const ID = 'preflight/signal-kills';

/** A signal without a handler does not reload: it ends the process, or stops it. */
export const signalKills = lastEventRule<PreflightLook>(ID, 'preflight', ({ process, delivery }): Finding[] => {
  if (!delivery) return [];
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
        { text: 'a worker or a wrapper may have been asked instead of the process that handles it: ask its parent', command: `reloadctl preflight ${process.ppid} --signal ${name}`, risk: 'none' },
        { text: 'reload by the way its service manager knows, or restart it', risk: 'restart' },
      ],
      fingerprint: fingerprint(ID, name),
    },
  ];
});
