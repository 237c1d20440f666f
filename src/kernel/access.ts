/** What it takes to be let in at an endpoint of the user's own. Secrets come from files and the environment, and are never shown. */
import { type Endpoint, readInputFile } from '../evidence/index.ts';
import { UserError } from './user-error.ts';

/** Options of the command that are about getting in. */
export interface Access {
  bearerEnv?: string;
  bearerFile?: string;
  headerEnv?: string[];
  headerFile?: string;
  cacert?: string;
  cert?: string;
  key?: string;
  insecure?: boolean;
}

export function accessOf(options: Record<string, unknown>, text: (name: string) => string | undefined): Access {
  const access: Access = {};
  for (const name of ['bearerEnv', 'bearerFile', 'headerFile', 'cacert', 'cert', 'key'] as const) {
    const value = text(name);
    if (value !== undefined) access[name] = value;
  }
  if (options.insecure) access.insecure = true;
  if (Array.isArray(options.headerEnv)) access.headerEnv = options.headerEnv as string[];
  return access;
}

/** `Basic ...` of user and password of a URL, where it has any. */
export function basicOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

/** User and password of a URL; a lone percent sign stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What goes with each question. Throws UserError for a secret that is not there. */
export async function headersOf({ bearerEnv, bearerFile, headerEnv = [], headerFile }: Access): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  const bearer = bearerEnv !== undefined ? fromEnvironment('--bearer-env', bearerEnv) : bearerFile !== undefined ? await fromFile('--bearer-file', bearerFile) : undefined;
  if (bearer !== undefined) headers.authorization = `Bearer ${token('--bearer', bearer)}`;
  const lines = headerEnv.map((name) => fromEnvironment('--header-env', name));
  if (headerFile !== undefined) lines.push(...(await fromFile('--header-file', headerFile)).split('\n'));
  for (const line of lines) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new UserError('a header must read NAME: VALUE (its value is not shown here)');
    headers[name.toLowerCase()] = token(name, line.slice(colon + 1));
  }
  return headers;
}

function token(option: string, text: string): string {
  const value = text.trim();
  if (value === '' || /[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new UserError(`${option}: what it holds is no header value (it is not shown here)`);
  return value;
}

function fromEnvironment(option: string, name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new UserError(`${option}: the environment has no ${name}`);
  return value;
}

async function fromFile(option: string, path: string): Promise<string> {
  const { text, problem } = await readInputFile(path);
  if (problem !== undefined) throw new UserError(`${option} ${path}: ${problem}`);
  return text;
}

/** Throws UserError for what is no certificate or key. */
export async function tlsOf({ cacert, cert, key, insecure }: Access): Promise<NonNullable<Endpoint['tls']>> {
  if ((cert === undefined) !== (key === undefined)) throw new UserError('--cert and --key belong together: give both');
  return {
    ...(cacert !== undefined && { ca: await pemFrom('--cacert', cacert, 'CERTIFICATE') }),
    ...(cert !== undefined && { cert: await pemFrom('--cert', cert, 'CERTIFICATE') }),
    ...(key !== undefined && { key: await pemFrom('--key', key, 'PRIVATE KEY') }),
    ...(insecure && { insecure: true }),
  };
}

async function pemFrom(option: string, path: string, kind: string): Promise<string> {
  const text = await fromFile(option, path);
  if (!new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(text)) throw new UserError(`${option} ${path}: holds no ${kind.toLowerCase()} in PEM format`);
  return text;
}
