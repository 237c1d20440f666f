/** Is this JSON what it should be? The first thing that is not, with the way to it. */
import type { JsonPath } from './json-position.ts';

export interface Problem {
  path: JsonPath;
  what: string;
}

export type Check = (value: unknown, path: JsonPath) => Problem | null;

const fits = (name: string, test: (value: unknown) => boolean): Check => {
  return (value, path) => (test(value) ? null : { path, what: `${nameOf(path)} is not ${name}` });
};

export const text: Check = fits('a text', (value) => typeof value === 'string');
export const number: Check = fits('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const boolean: Check = fits('true or false', (value) => typeof value === 'boolean');

/** A text that is one of these. */
export function oneOf(...allowed: readonly string[]): Check {
  return fits(`one of ${allowed.join(', ')}`, (value) => typeof value === 'string' && allowed.includes(value));
}

/** What passes at least one of the checks; `name` says in the message what it should be. */
export function anyOf(name: string, ...checks: readonly Check[]): Check {
  return fits(name, (value) => checks.some((check) => check(value, []) === null));
}

export const nothing: Check = fits('null', (value) => value === null);

/** Absent, or what passes the check. `null` is not absent. */
export function optional(check: Check): Check {
  return (value, path) => (value === undefined ? null : check(value, path));
}

/** An array whose every item passes the check; the first that does not is the problem. */
export function list(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return { path, what: `${nameOf(path)} is not a list` };
    for (const [index, item] of value.entries()) {
      const problem = check(item, [...path, index]);
      if (problem) return problem;
    }
    return null;
  };
}

/** Other members are let through: later versions add some. */
export function shape(members: Record<string, Check>): Check {
  return (value, path) => {
    if (!isObject(value)) return { path, what: `${nameOf(path)} is not an object` };
    for (const [name, check] of Object.entries(members)) {
      const problem = check(value[name], [...path, name]);
      // What is missing stands nowhere: its owner does.
      if (problem) return value[name] === undefined ? { path, what: `${nameOf([...path, name])} is missing` } : problem;
    }
    return null;
  };
}

/** A JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(path: JsonPath): string {
  if (path.length === 0) return 'the report';
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${step}`)).join('');
}
