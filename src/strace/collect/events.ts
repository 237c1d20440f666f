/** Events for rules, kept until the sites have their names. */
import type { TraceEvent, TraceFd } from '../../series/index.ts';

/** Of one sort; what comes after is only counted. */
const MOST = 2000;

export class Events {
  private readonly all: TraceEvent[] = [];
  private readonly counts = new Map<string, number>();

  add(event: TraceEvent): void {
    const count = (this.counts.get(event.what) ?? 0) + 1;
    this.counts.set(event.what, count);
    if (count <= MOST) this.all.push(event);
  }

  /** How many of one sort there were. */
  count(what: TraceEvent['what']): number {
    return this.counts.get(what) ?? 0;
  }

  /** @param nameOf the name of a site, by what it was called while the log was read */
  named(nameOf: (site: string) => string): TraceEvent[] {
    const rename = <T extends { site: string }>(one: T): T => ({ ...one, site: nameOf(one.site) });
    const renameAll = (fds: readonly TraceFd[]): TraceFd[] => fds.map(rename);
    return this.all.map((event): TraceEvent => {
      switch (event.what) {
        case 'bad-fd':
          return { ...event, closed: { ...event.closed, fd: rename(event.closed.fd) } };
        case 'exec':
          return { ...event, kept: event.kept.map(rename) };
        case 'cloexec-race':
          return { ...event, fd: rename(event.fd) };
        case 'out-of-fds':
          return { ...event, sites: event.sites.map(rename) };
        case 'site':
          return { ...event, site: nameOf(event.site), examples: renameAll(event.examples) };
        default:
          return event;
      }
    });
  }
}
