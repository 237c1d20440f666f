/**
 * What `N minutes` of a dump is worth. The collector marks who waits with the end of the collection before the one that is under way
 * (runtime/mgcmark.go: gp.waitsince = work.tstart, which mgc.go sets at mark termination). So a goroutine that began to wait a second before
 * a collection has waited since the one before, as printed: two minutes in an idle program, which is collected so often
 * (runtime/proc.go forcegcperiod). It has waited for at least what is printed less the time between two collections.
 * The order is right all the same: who tells less began to wait later, or together.
 */

/** From here on it has lasted for a minute, unless collections are further apart than in a program that is left to itself. */
export const LASTING_MINUTES = 3;

/** Has at least one of those that tell it waited so long? Of a lock that is enough: who waits for it is served in turn. */
export function lasts(wait: { max: number } | undefined): boolean {
  return (wait?.max ?? 0) >= LASTING_MINUTES;
}
