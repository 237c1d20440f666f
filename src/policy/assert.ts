/** The part of a policy that `assert` goes by. */
import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';
import { type AllowEntry, readAllow } from './allow.ts';
import type { Field } from './reader.ts';
import { readSections } from './top.ts';

export interface AssertPolicy {
  /** By kind, how many alike may be open at an exit. */
  budgets: Record<string, number>;
  graceMs?: number;
  allow: AllowEntry[];
}

/** @param kinds that may have a budget. @throws UserError, `FILE:LINE:COL: what` */
export function readAssertPolicy(text: string, file: string, kinds: readonly string[]): AssertPolicy {
  const policy: AssertPolicy = { budgets: {}, allow: [] };
  const fields = readSections(text, file).get('assert')?.mapping(['budgets', 'grace', 'allow']);
  for (const [kind, field] of fields?.get('budgets')?.mapping(kinds) ?? []) policy.budgets[kind] = field.integer();
  const grace = fields?.get('grace');
  if (grace) policy.graceMs = durationOf(grace);
  const allow = fields?.get('allow');
  if (allow) policy.allow = readAllow(allow);
  return policy;
}

function durationOf(field: Field): number {
  try {
    return parseDuration('grace', field.text());
  } catch (error) {
    if (error instanceof UserError && error.message.startsWith('grace')) field.fail(error.message);
    throw error;
  }
}
