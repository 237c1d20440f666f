import type { Tone } from './document.ts';

export type Paint = (tone: Tone, text: string) => string;
export type ColourFlag = 'auto' | 'always' | 'never';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether one stream gets colours; ask once per stream. First rule that speaks wins: the flag, FORCE_COLOR (`0` and
 * `false` are off), NO_COLOR, TERM=dumb, being a terminal. An empty variable counts as unset, as both standards say.
 */
export function wantsColour(flag: ColourFlag, env: Environment, isTTY: boolean): boolean {
  if (flag !== 'auto') return flag === 'always';
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.NO_COLOR) return false;
  return isTTY && env.TERM !== 'dumb';
}

export const plain: Paint = (_tone, text) => text;

/** The painter of a stream. chalk is imported only when there is something to paint: its import costs start-up time. */
export async function loadPaint(colour: boolean): Promise<Paint> {
  if (!colour) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  const styles: Record<Tone, (text: string) => string> = {
    critical: chalk.red.bold,
    warning: chalk.yellow.bold,
    info: chalk.cyan,
    good: chalk.green,
    dim: chalk.dim,
    strong: chalk.bold,
  };
  return (tone, text) => styles[tone](text);
}
