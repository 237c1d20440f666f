import { type Finding, fingerprint } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import type { ExecEvent } from '../../series/index.ts';
import { groupBy, siteShape, subjectOf, traceRule } from './trace-rule.ts';

const ID = 'strace/exec-inherit';
/** One runs many programs: to start it again is not to start the same anew. */
const INTERPRETER = /^(?:python|node|ruby|perl|php|java|bun|deno|\w*sh\b)/;

/** Who ended sooner did no harm, where the log went on for longer or others had the port or the lock still: nobody asked for it meanwhile. */
const SHORT_MS = 1000;
/** Others had it still for so many times as long as the heir lived: it did not end because all did. */
const TIMES = 10;

interface Kept {
  event: ExecEvent;
  fd: ExecEvent['kept'][number];
  /** The program ends at once, before whoever had it first; or the log went on after it did, this time or another. */
  isHarmless: boolean;
}

/** A program was started with descriptors that nobody meant for it. */
export const execInherit = traceRule(ID, 'exec', (events) => {
  const proven = new Set(events.filter((event) => isShort(event) && ((event.goneMs ?? 0) >= SHORT_MS || isOutlived(event))).map(({ path }) => path));
  const kept = events.flatMap((event) => {
    const isHarmless = isShort(event) && proven.has(event.path);
    return event.kept.filter(({ intended }) => !intended).map((fd): Kept => ({ event, fd, isHarmless }));
  });
  return groupBy(kept, (one) => `${one.fd.kind}\0${siteShape(one.fd.site)}\0${weightOf(one)}`).map(findingOf);
});

function weightOf({ fd, event, isHarmless }: Kept): 'warning' | 'info' {
  if (isHarmless) return 'info';
  if (fd.listening) return isUpgrade(event) ? 'info' : 'warning';
  return fd.locked && !fd.redirected ? 'warning' : 'info';
}

const isShort = ({ livedMs }: ExecEvent): boolean => livedMs !== null && livedMs < SHORT_MS;

const isOutlived = (event: ExecEvent): boolean => event.isOutlived && event.livedMs !== null && event.goneMs !== null && event.goneMs > TIMES * event.livedMs;

function isUpgrade({ isItself, path }: ExecEvent): boolean {
  return isItself && !INTERPRETER.test(path.slice(path.lastIndexOf('/') + 1));
}

function findingOf(group: Kept[]): Finding {
  const { event, fd, isHarmless } = group[0]!;
  const severity = weightOf(group[0]!);
  const what = fd.listening ? 'a listener' : fd.locked ? 'a locked file' : `a ${fd.kind === 'unknown' ? 'descriptor' : fd.kind}`;
  const name = fd.target === '' ? '' : ` ${fd.target}`;
  const programs = new Set(group.map((one) => one.event.path));
  const more = group.length > 1 ? ` (${plural('exec', group.length)}${programs.size > 1 ? ` of ${plural('program', programs.size)}` : ''})` : '';
  return {
    id: ID,
    severity,
    confidence: severity === 'warning' ? 'likely' : 'hint',
    because: `open and exec are both in the log, and nothing in between took the number for the new program on purpose (dup2, FD_CLOEXEC cleared${event.isEnvironmentKnown ? ', a name in its environment)' : '); its environment, which may name it, is not in the log (strace -v)'}${isHarmless ? isOutlived(event) ? '; it ended within a second, and others had it still' : '; it ended within a second, and the log goes on' : ''}${isUpgrade(event) ? '; a program that starts itself anew mostly hands its listeners over' : ''}`,
    title: `${event.path || 'a program'} got ${what}${name} (fd ${fd.fd}) by exec that it did not ask for${more}`,
    subject: subjectOf('descriptor', fd.site || fd.kind, event.actor),
    evidence: [
      ...(fd.opened ? [{ name: 'opened without CLOEXEC', value: fd.site || fd.kind, source: fd.opened.source }] : []),
      { name: 'exec', value: event.path, source: event.at.source },
    ],
    remedy: [{ text: 'open it with O_CLOEXEC, SOCK_CLOEXEC or the like; whoever wants to hand it over clears the flag for that one', risk: 'none' }],
    fingerprint: fingerprint(ID, fd.kind, siteShape(fd.site), severity),
  };
}
