import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { duration } from '../../report/words.ts';
import type { Frame, LoopState, NodeLook } from '../model.ts';
import { lookRule } from './look-rule.ts';

const ID = 'node/loop-blocked';
/** A loop that stands still for so long answers nobody meanwhile, ms. */
const LONG_MS = 1000;
/** A delay that is worth a word. */
const NOTABLE_MS = 200;

/** The loop does not turn: nothing is read, no timer fires, no request is answered. */
export const loopBlocked = lookRule(ID, (look) => {
  const { loop } = look;
  return loop && (loop.blocked || loop.delayMs >= NOTABLE_MS) ? [findingOf(look, loop)] : [];
});

function findingOf(look: NodeLook, loop: LoopState): Finding {
  const worst = loop.stacks[0];
  const frame = worst && userFrame(worst.frames);
  const long = loop.blocked && loop.delayMs >= LONG_MS;
  const where = frame ? ` in ${frame.func || '(anonymous)'} (${frame.file}:${frame.line})` : '';
  return {
    id: ID,
    severity: long ? 'critical' : 'info',
    confidence: long ? 'certain' : 'hint',
    because: long ? `it was watched for ${duration(loop.delayMs)} and never turned` : 'one turn took that long: this may have been the machine, or one request',
    title: `${processLabel(look.process)}: the event loop ${loop.blocked ? `has not turned for ${duration(loop.delayMs)}` : `took ${duration(loop.delayMs)} for one turn`}${where}`,
    subject: subjectOf('loop', frame ? `${frame.func} ${frame.file}` : 'main', look.process),
    evidence: [
      { name: 'without a turn', value: Math.round(loop.delayMs), unit: 'ms', source: 'setImmediate() in the target' },
      ...(worst ? [{ name: 'samples with this stack', value: worst.count, limit: loop.samples, source: 'Debugger.pause' }] : []),
      ...(worst?.frames ?? []).slice(0, 5).map(({ func, file, line }, index) => {
        return { name: index === 0 ? 'innermost' : 'called from', value: `${func || '(anonymous)'} ${file}:${line}`, source: 'Debugger.pause' };
      }),
    ],
    remedy: [
      { text: 'move the work into a worker thread, or divide it and let the loop turn in between (setImmediate)', risk: 'none' },
      ...(worst ? [] : [{ text: 'see where it is', command: `reloadctl node ${look.process.pid} --busy`, risk: 'none' as const }]),
    ],
    fingerprint: fingerprint(ID, frame ? `${frame.func} ${frame.file}` : ''),
  };
}

function userFrame(frames: readonly Frame[]): Frame | undefined {
  return frames.find(({ file }) => file !== '' && !file.startsWith('node:') && !file.includes('/node_modules/')) ?? frames[0];
}
