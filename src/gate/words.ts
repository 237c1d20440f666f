/** Amounts of rules for people. */
import { count, duration } from '../report/words.ts';
import type { Comparison, Unit } from './model.ts';

export function amountOf(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return `${plain(value * 100)}%`;
    case 'ms':
      return duration(value);
    case 's':
      return duration(value * 1000);
    case 'requests/s':
      return `${plain(value)}/s`;
    case 'goroutines/min':
      return `${value > 0 ? '+' : ''}${plain(value)}/min`;
  }
}

/** Three digits are enough to see on which side of a threshold it lies, unless it is very near. */
function plain(value: number): string {
  return Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export function thresholdOf(threshold: number, comparison: Comparison, unit: Unit): string {
  return `${comparison === 'below' ? 'below' : 'at least'} ${amountOf(threshold, unit).replace(/^\+/, '')}`;
}
