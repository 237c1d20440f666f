import type { Command } from 'commander';

/** What getting in to an endpoint takes. Secrets never stand on the command line, where every user of the host can read them. */
export function addAccessOptions(command: Command, usualTimeout = '60s'): void {
  command
    .option('--bearer-env <name>', 'send the token that this environment variable holds')
    .option('--bearer-file <file>', 'send the token that this file holds')
    .option('--header-env <name>', 'send the header (NAME: VALUE) that this environment variable holds; may be given several times', collect)
    .option('--header-file <file>', 'send the headers that this file holds, one a line')
    .option('--cacert <file>', 'certificates to trust (PEM)')
    .option('--cert <file>', 'client certificate (PEM)')
    .option('--key <file>', 'its key (PEM)')
    .option('--insecure', 'do not check the certificate of the endpoint')
    .option('--timeout <time>', `for each answer as a whole (default: ${usualTimeout})`);
}

export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}
