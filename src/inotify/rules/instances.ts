import { limitRule } from './limit-use.ts';

/** fs/notify/inotify/inotify_user.c inotify_new_group: EMFILE at the limit. */
export const instances = limitRule('inotify/instances', 'instances');
