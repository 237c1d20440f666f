import type { Finding } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import type { GoroutinesEvent, GrownGroup } from '../../series/index.ts';
import { benignReason } from '../benign.ts';
import { growsWithConnections } from '../connections.ts';
import { placeOf, siteOf } from '../names.ts';
import { sitesOf } from '../sites.ts';
import { goroutines, structure, subject } from './words.ts';

const ID = 'goroutine/growth';
/** Between two dumps so many more, and so many times as many, are told. */
const LEAST_GAIN = 100;
const LEAST_FACTOR = 1.5;
const A_MILLION = 1_000_000;

/** Stacks of which there are more and more. */
export const growth = lastEventRule<GoroutinesEvent>(ID, 'goroutines', (event) => (event.growth ? event.growth.groups.filter(isWorthIt).flatMap((grown) => findingOf(event, grown) ?? []) : []));

function isWorthIt({ trend, before, after }: GrownGroup): boolean {
  return trend === 'growing' || trend === 'grew' || (trend === 'compared' && after - before >= LEAST_GAIN && after >= before * LEAST_FACTOR);
}

function findingOf(event: GoroutinesEvent, grown: GrownGroup): Finding | undefined {
  const group = event.dump.groups[grown.group];
  const frame = group && siteOf(group.frames);
  if (!group || !frame) return undefined;
  const growing = grown.trend === 'growing';
  const known = benignReason(group) !== undefined || group.state === 'running' || group.state === 'runnable';
  const site = sitesOf(event.dump.groups, event.dump.total).find(({ groups }) => groups.includes(group));
  // After a restart clients come back, one by one.
  const isLoad = site !== undefined && growsWithConnections(site, event.dump.groups);
  const { source } = event;
  const { windowMs, samples } = event.growth!;
  const rate = grown.perMinute === null ? '' : `, ${count(Math.round(grown.perMinute * 10) / 10)} a minute`;
  return {
    id: ID,
    severity: (growing || grown.trend === 'compared') && !known ? 'warning' : 'info',
    // Counts cannot tell those that stay from others that take their place; ids can.
    confidence: grown.stayed === undefined || isLoad ? 'hint' : 'likely',
    because: isLoad ? `${grown.because}; they rise in step with the connections that were started with them: load does so, too` : grown.because,
    title: `${goroutines(grown.after - grown.before)} more in ${placeOf(frame)} (${group.state}): ${count(grown.before)} became ${count(grown.after)}${windowMs === null ? '' : ` in ${duration(windowMs)}`}${rate}${forecastWords(grown)}`,
    subject: subject(event, 'goroutines', frame),
    evidence: [
      { name: 'before', value: grown.before, source },
      { name: 'after', value: grown.after, source },
      { name: 'samples', value: samples, source },
      ...(grown.stayed === undefined ? [] : [{ name: 'there in the middle and at the end', value: grown.stayed, source }]),
      ...(group.creator ? [{ name: 'created by', value: placeOf(group.creator), source }] : []),
    ],
    remedy: [
      { text: growing ? 'look at what starts them and what should end them' : 'watch longer: load that rises brings more, too, and a leak does not stop', risk: 'none' },
    ],
    fingerprint: fingerprint(ID, group.state, structure(frame)),
  };
}

function forecastWords({ perMinute, after }: GrownGroup): string {
  if (perMinute === null || perMinute <= 0 || after >= A_MILLION) return '';
  const minutes = (A_MILLION - after) / perMinute;
  return minutes > 60 * 24 * 30 ? '' : `; a million in ${duration(minutes * 60_000)}`;
}
