import type { InotifyUser } from '../../kernel/inotify-users/index.ts';
import type { Needs } from './fit.ts';

/** What was asked for: shall fit for one user. */
export interface Demand {
  user: InotifyUser;
  needs: Needs;
  /** Where the number of watches comes from: `41 directories below /srv/app`; absent when it was given. */
  reason?: string;
  /** It is what a library is known to do, not what was said. */
  isModel: boolean;
}

/** What users have of inotify: the event that the rules about limits observe. */
export interface InotifyUsersEvent {
  type: 'inotify-users';
  users: InotifyUser[];
  /** Inode of the user namespace of who looks. */
  ownNamespace: string;
  demand?: Demand;
}
