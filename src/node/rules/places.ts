import type { Handle } from '../model.ts';

/** What stays the same for the same fault: the line, else what the handle is about, without ports and numbers. */
export function placeKey({ site, callback, http, path, accepted, remote, command }: Handle): string {
  if (site !== undefined) return site;
  if (callback !== undefined) return `calls ${callback}`;
  if (http) return `${http.method} ${http.url}`;
  if (accepted) return 'accepted';
  return path ?? command ?? (remote === undefined ? '' : 'connected');
}

/** For a title: where it was made, else what is known instead. */
export function whereOf({ site, callback, http, path, remote, accepted, command, childPid, local }: Handle): string {
  if (site !== undefined) return `made at ${site}`;
  if (http) return `${http.method} ${http.url}`;
  if (callback !== undefined) return `calls ${callback}`;
  if (command !== undefined) return `${command} (pid ${childPid ?? '?'})`;
  if (path !== undefined) return path;
  if (remote !== undefined) return accepted ? `accepted on ${local ?? '?'}` : `to ${remote}`;
  return local ?? '';
}
