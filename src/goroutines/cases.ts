/** A place where goroutines wait, and what of its size and age is asked of it again and again. */
import type { Confidence, Severity } from '../report/index.ts';
import type { Settled } from '../series/index.ts';
import { type Course, courseOf, isConstant } from './course.ts';
import { reasonsOf } from './reasons.ts';
import { type Site, waitsForMinutes } from './sites.ts';

export interface Judgement {
  id: 'goroutine/leak' | 'goroutine/blocked' | 'goroutine/nil-channel';
  severity: Severity;
  confidence: Confidence;
  reasons: string[];
  /** What it is, in a few words of the title. */
  cause: string;
  /** What makes it certain, where that is not the collector. */
  because?: string;
  site: Site;
}

/** A site, and what of its size and age is needed again and again. */
export interface Case {
  site: Site;
  isMany: boolean;
  isMost: boolean;
  minutes: boolean;
  /** Nothing tells how long (a profile), and they are nearly all there is, in thousands: too many for a moment's work. */
  countsAlone: boolean;
  /** What a few looks showed of it. */
  course?: Course;
  /** In a few looks nobody came and nobody left. */
  constant: boolean;
  reasons: string[];
}

export const MANY = 100;
const MANY_SHARE = 0.1;
export const MOST_SHARE = 0.5;
export const SOME = 10;
export const VERY_MANY = 1000;
/** So many that profiles, which tell no ages, may speak by the number alone. */
const THOUSANDS = 5000;

/** @param ageless it is of a source that tells no waiting times */
export function newCase(site: Site, ageless: boolean, settled: Settled | undefined): Case {
  const isMany = site.count >= MANY && site.share >= MANY_SHARE;
  const isMost = site.count >= SOME && site.share >= MOST_SHARE;
  const minutes = waitsForMinutes(site);
  const countsAlone = ageless && isMost && site.count >= THOUSANDS;
  const course = settled && !minutes ? courseOf(site, settled) : undefined;
  const reasons = reasonsOf(site, { isMany: isMany || isMost, minutes });
  if (course) reasons.push(course.words);
  return { site, isMany, isMost, minutes, countsAlone, constant: settled !== undefined && isConstant(site, settled), reasons, ...(course && { course: course.course }) };
}

/** At least a thousand, or most of all, for minutes: whatever they are, somebody must look. */
export function isFloor({ site, isMost, minutes }: Case): boolean {
  return minutes && (isMost || site.count >= VERY_MANY);
}

export const NO_AGE = 'whether they wait for more than a moment this dump does not tell: a second look does';
