/** `schema`: prints the JSON Schema that the package publishes. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Outcome } from '../command.ts';
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';
import { packageFile } from '../package-files.ts';

const DATA = 'data-';

interface Schema {
  $schema: string;
  $id: string;
  $defs: Record<string, object>;
}

export function configure(command: Command): void {
  command.argument('[command]', 'only the `data` of the reports of this command');
}

export async function run(args: string[]): Promise<Outcome> {
  const text = readFileSync(packageFile('schema/report.schema.json'), 'utf8');
  const [command] = args;
  return { kind: 'text', text: command === undefined ? text : JSON.stringify(dataSchema(JSON.parse(text) as Schema, command), null, 2) };
}

/** Schema of `data` of one command's reports, whole by itself. Throws UserError for a command without one. */
export function dataSchema(schema: Schema, command: string): object {
  const { $schema, $id, $defs } = schema;
  const known = Object.keys($defs)
    .filter((name) => name.startsWith(DATA))
    .map((name) => name.slice(DATA.length));
  if (!known.includes(command)) {
    const near = closest(command, known);
    throw new UserError(`no schema for the data of ${command}${near === undefined ? '' : `, did you mean ${near}?`}`, {
      hints: [`there are: ${known.join(', ')}`],
    });
  }
  return { $schema, $id: `${$id}/${command}`, $ref: `#/$defs/${DATA}${command}`, $defs };
}
