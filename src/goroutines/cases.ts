/** A place where goroutines wait, and what of its size and age is asked of it again and again. */
import type { Confidence, Severity } from '../report/index.ts';
import type { Settled } from '../series/index.ts';
import { type Ages, agesOf } from './ages.ts';
import { type Course, courseOf } from './course.ts';
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
  /** How they came to be there, where ids and waiting times tell it. */
  ages?: Ages;
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
  const countsAlone = ageless && isMost && site.count >= THOUSANDS;
  const course = settled ? courseOf(site, settled) : undefined;
  // What is seen to get on has not waited, whatever the collector's clock says.
  const minutes = waitsForMinutes(site) && course?.course !== 'moves';
  const reasons = reasonsOf(site, { isMany: isMany || isMost, minutes });
  if (course) reasons.push(course.words);
  const ages = minutes ? agesOf(site.groups, site.wait) : undefined;
  if (ages && (isMany || isMost)) reasons.push(AGES[ages]);
  return { site, isMany, isMost, minutes, countsAlone, reasons, ...(ages && { ages }), ...(course && { course: course.course }) };
}

const AGES: Readonly<Record<Ages, string>> = {
  together: 'they have waited for about as long as each other: what was set up at one time and has nothing to do waits so, and what got stuck at one time',
  'one by one': 'they came one after the other, and who was started earlier has waited for longer: none is seen to have got on since it came',
  'some get on': 'some were started earlier than others and have waited for less: they got on, so that somebody is at the other side',
};

/**
 * That many are old proves nothing: programs that are idle by design are full of such. Too many for that: a thousand for minutes, or
 * most of all, come one by one and never got on; whatever they are, somebody must look. None of those of which some get on.
 */
export function isFloor({ site, isMost, minutes, ages }: Case): boolean {
  if (!minutes || ages === 'some get on') return false;
  return site.count >= VERY_MANY || (isMost && ages === 'one by one');
}

export const NO_AGE = 'whether they wait for more than a moment this dump does not tell: a second look does';
