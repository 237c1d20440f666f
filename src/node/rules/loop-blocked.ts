import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { duration } from '../../report/words.ts';
import { callText } from '../call-text.ts';
import type { BlockingCall, Frame, LoopState, NodeLook } from '../model.ts';
import { lookRule } from './look-rule.ts';

const ID = 'node/loop-blocked';
/** A loop that stands still for so long answers nobody meanwhile, ms. */
const LONG_MS = 1000;
/** A delay that is worth a word. */
const NOTABLE_MS = 200;

/** The loop does not turn: nothing is read, no timer fires, no request is answered. */
export const loopBlocked = lookRule(ID, (look) => {
  const { loop } = look;
  if (loop?.call) return [callFinding(look, loop.delayMs, loop.call)];
  if (loop?.paused) return [pausedFinding(look, loop)];
  return loop && (loop.blocked || loop.delayMs >= NOTABLE_MS) ? [findingOf(look, loop)] : [];
});

function findingOf(look: NodeLook, loop: LoopState): Finding {
  const worst = loop.stacks[0];
  const frame = worst && userFrame(worst.frames);
  const long = loop.blocked && loop.delayMs >= LONG_MS;
  const where = frame ? ` in ${frame.func || '(anonymous)'} (${frame.file}:${frame.line})` : '';
  return {
    id: ID,
    severity: long && !loop.starting ? 'critical' : 'info',
    confidence: long && !loop.starting ? 'certain' : 'hint',
    because: long && loop.starting ? 'it started moments ago, and its loop has not begun to turn yet: it may be loading its modules' : long ? `it was watched for ${duration(loop.delayMs)} and never turned` : 'one turn took that long: this may have been the machine, or one request',
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

/** Not JavaScript holds it but the kernel. */
function callFinding({ process }: NodeLook, delayMs: number, call: BlockingCall): Finding {
  return {
    id: ID,
    severity: 'critical',
    confidence: 'certain',
    because: `its main thread was in that call for ${duration(delayMs)}, and has not run once`,
    title: `${processLabel(process)}: the event loop has not turned for ${duration(delayMs)}: the main thread ${callText(call)}`,
    subject: subjectOf('loop', call.name, process),
    evidence: [
      { name: 'without a turn', value: delayMs, unit: 'ms', source: `/proc/${process.pid}/task/${process.pid}/status` },
      { name: 'system call', value: call.name, source: `/proc/${process.pid}/syscall` },
      ...(call.target === undefined ? [] : [{ name: 'about', value: call.target, source: `/proc/${process.pid}` }]),
    ],
    remedy: [{ text: 'call the asynchronous form: exec() for execSync(), fs.promises for fs.*Sync(); what blocks for good belongs in a worker thread', risk: 'none' }],
    fingerprint: fingerprint(ID, call.name),
  };
}

/** Somebody looks at it: whether that is meant, only they know. */
function pausedFinding({ process }: NodeLook, { stacks }: LoopState): Finding {
  const frame = stacks[0] && userFrame(stacks[0].frames);
  const where = frame ? ` in ${frame.func || '(anonymous)'} (${frame.file}:${frame.line})` : '';
  return {
    id: ID,
    severity: 'warning',
    confidence: 'certain',
    because: 'V8 said so when we connected; we have not touched it',
    title: `${processLabel(process)}: a debugger has stopped the program${where}: it answers nobody until it is resumed`,
    subject: subjectOf('loop', 'paused', process),
    evidence: (stacks[0]?.frames ?? []).slice(0, 5).map(({ func, file, line }, index) => ({ name: index === 0 ? 'innermost' : 'called from', value: `${func || '(anonymous)'} ${file}:${line}`, source: 'Debugger.paused' })),
    remedy: [{ text: 'resume it in the debugger that is connected, or disconnect that', risk: 'none' }],
    fingerprint: fingerprint(ID, 'paused'),
  };
}

function userFrame(frames: readonly Frame[]): Frame | undefined {
  return frames.find(({ file }) => file !== '' && !file.startsWith('node:') && !file.includes('/node_modules/')) ?? frames[0];
}
