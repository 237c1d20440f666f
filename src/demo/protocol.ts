/** What the demo's server and the demo say to each other: one line of JSON when all is planted, or when it could not be. */

/** Numbers of faults; what the look must find again. */
export interface Planted {
  port: number;
  /** Connections whose client has closed, and that the server keeps. */
  closeWait: number;
  /** Temporary files of uploads that are never finished, all open. */
  uploads: number;
  /** Bytes of a log that was deleted while it was open. */
  deletedLogBytes: number;
  /** Opens of one configuration file, one per request, none closed. */
  configOpens: number;
  /** Soft limit of descriptors; absent where no native call could lower it. */
  softLimit?: number;
}

export type ServerMessage = { planted: Planted } | { error: string };

/** Begin of the name of the folder the server works in. */
export const FOLDER = 'reloadctl-demo-';
export const UPLOADS = 'uploads';
