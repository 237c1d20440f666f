export interface SnapshotOptions {
  /** Look for the owners of other ends in all processes, not only in relatives and within a small budget. */
  allOwners: boolean;
  /** Ask every question any option could need: for `record`. */
  everything: boolean;
  /** Ask every descriptor for flags and type, also those of a large table: for what shows or filters single descriptors. */
  details?: boolean;
  /** Keep what is plain in a large table without an object for each: for whoever looks at `FdTable.plain` too. */
  packed?: boolean;
  /** The command that would read what was denied, with sudo in front: `reloadctl fds 42`. */
  rerun: string;
  /** Are we root already? Then sudo is no advice. */
  isRoot: boolean;
  signal: AbortSignal;
}
