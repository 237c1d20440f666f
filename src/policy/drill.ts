/** The part of a policy that `drill` goes by: options that need not be typed each time. Who is reloaded, and how, stands on the command line. */
import { UserError } from '../kernel/user-error.ts';
import type { Field } from './reader.ts';
import { readSections } from './top.ts';

export interface DrillPolicy {
  /** By the name of the option as commander has it: `pooledRate`. */
  values: Record<string, string>;
  /** A complaint about one of these options gets the place of it in the file; any other is thrown as it is. */
  placed(error: unknown): never;
}

/** @param names of options, `pooled-rate`; keys are the same with underscores. @throws UserError, `FILE:LINE:COL: what` */
export function readDrillPolicy(text: string, file: string, names: readonly string[]): DrillPolicy {
  const byKey = new Map(names.map((name) => [name.replaceAll('-', '_'), name]));
  const fields = readSections(text, file).get('drill')?.mapping([...byKey.keys()]) ?? new Map<string, Field>();
  const values = Object.fromEntries([...fields].map(([key, field]) => [byKey.get(key)!.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), field.text()]));
  return {
    values,
    placed: (error) => {
      if (error instanceof UserError) for (const [key, field] of fields) if (error.message.startsWith(`--${byKey.get(key)}:`)) field.fail(error.message.slice(2));
      throw error;
    },
  };
}
