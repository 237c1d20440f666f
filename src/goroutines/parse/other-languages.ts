/** Dumps that are none of Go: a name helps more than "nothing found". */

const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/^Full thread dump |^"[^"\n]+" #\d+ .*\bnid=(0x)?[\da-f]+|^\s+java\.lang\.Thread\.State: /m, 'a Java thread dump (jstack)'],
  [/^Exception in thread "[^"\n]+" |^\tat [\w$.]+\([\w$]+\.(java|kt|scala):\d+\)/m, 'a Java stack trace'],
  [/^thread '[^'\n]*' (\(\d+\) )?panicked at |^stack backtrace:\n\s+0: /m, 'a Rust panic'],
  [/^Traceback \(most recent call last\):|^(Current t|T)hread 0x[\da-f]+.*\(most recent call first\):/m, 'a Python traceback'],
  [/^Unhandled exception\. System\.|^\s+at System\.[\w.]+\(/m, 'a .NET stack trace'],
  [/^\s+at (async )?[\w$.<> ]*\(?(file:\/\/|node:|\/)[^\n]*:\d+:\d+\)?$/m, 'a JavaScript stack trace (for a live Node process there is reloadctl node)'],
  [/^Thread \d+ \((Thread 0x|LWP)|^#0 +0x[\da-f]+ in /m, 'a backtrace of gdb'],
  [/^\s+from [^\n]+\.rb:\d+:in /m, 'a Ruby backtrace'],
];

/** @param text some of the file @returns undefined when it looks like none */
export function otherLanguage(text: string): string | undefined {
  return SIGNS.find(([pattern]) => pattern.test(text))?.[1];
}
