/** Amounts with units, as policies give them. Every mistake names its place. */
import type { Field } from '../reader.ts';

const TIMES: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const PER: Readonly<Record<string, number>> = { s: 1000, sec: 1000, second: 1000, m: 60_000, min: 60_000, minute: 60_000, h: 3_600_000, hour: 3_600_000 };
const MOST_MS = 366 * 86_400_000;

/** A number, or `NUMBER UNIT`. */
function partsOf(field: Field, wanted: string): { amount: number; unit: string } {
  const given = field.scalar();
  if (typeof given === 'number') return { amount: Number.isFinite(given) ? given : field.fail(`${wanted} is expected here`), unit: '' };
  const match = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(.*)$/i.exec(given.trim());
  return match ? { amount: Number(match[1]), unit: match[2]! } : field.fail(`${wanted} is expected here, not ${JSON.stringify(given)}`);
}

/** ms; a number alone says nothing of its unit. */
export function timeOf(field: Field): number {
  const { amount, unit } = partsOf(field, 'a time (30s, 500ms, 5m, 1h, 30d)');
  if (unit === '') field.fail(`a time needs its unit: ${amount}s, ${amount}ms or ${amount}m`);
  const scale = TIMES[unit] ?? field.fail(`unknown unit ${JSON.stringify(unit)}: a time is given in ${Object.keys(TIMES).join(', ')}`);
  return inRange(field, amount * scale, amount);
}

/** ms, from a number whose key says the unit: `cooldown_seconds`, `latency_threshold_ms`. */
export function plainTimeOf(field: Field, unitMs: number): number {
  const { amount, unit } = partsOf(field, 'a number');
  if (unit !== '') field.fail('the unit stands in the key already: a number alone is expected here');
  return inRange(field, amount * unitMs, amount);
}

function inRange(field: Field, ms: number, amount: number): number {
  if (amount < 0) field.fail(`impossible: a time of ${amount}`);
  return ms > MOST_MS ? field.fail('too long: at most 366d') : ms;
}

/** 0 to 1, or `0.5%`. */
export function shareOf(field: Field): number {
  const { amount, unit } = partsOf(field, 'a share (0.005 or 0.5%)');
  if (unit !== '' && unit !== '%') field.fail(`unknown unit ${JSON.stringify(unit)}: a share is given as 0.005 or 0.5%`);
  const share = unit === '%' ? amount / 100 : amount;
  return share >= 0 && share <= 1 ? share : field.fail(`impossible: a share lies between 0 and 1, or 0% and 100%${unit === '' && amount > 1 && amount <= 100 ? ` (${amount}% is ${amount / 100})` : ''}`);
}

/** Like a share, and may be more than all: an increase of 150%. */
export function increaseOf(field: Field): number {
  const { amount, unit } = partsOf(field, 'an increase (0.1 or 10%)');
  if (unit !== '' && unit !== '%') field.fail(`unknown unit ${JSON.stringify(unit)}: an increase is given as 0.1 or 10%`);
  return amount >= 0 ? (unit === '%' ? amount / 100 : amount) : field.fail('impossible: an increase below 0');
}

/** Per `unitMs`; with a unit of its own `500/s`, `30000/m`. */
export function rateOf(field: Field, unitMs: number): number {
  const { amount, unit } = partsOf(field, 'a rate (500, 500/s, 30000/m)');
  const per = unit === '' ? unitMs : (PER[unit.replace(/^\/\s*/, '')] ?? field.fail(`unknown unit ${JSON.stringify(unit)}: a rate is given in /s, /m or /h`));
  return amount >= 0 ? (amount * unitMs) / per : field.fail(`impossible: a rate of ${amount}`);
}

/** Nothing is below 0: such a threshold could never be met. */
export function aboveZero(field: Field, amount: number): number {
  return amount > 0 ? amount : field.fail('impossible: a value must be below its threshold, and nothing is below 0');
}
