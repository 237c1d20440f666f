import { limitRule } from './limit-use.ts';

/** fs/notify/inotify/inotify_user.c inotify_new_watch: ENOSPC at the limit. */
export const watches = limitRule('inotify/watches', 'watches');
