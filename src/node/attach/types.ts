import type { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { GateFacts, Refusal } from '../gate/index.ts';

/** How the target came to talk to us. */
export type How = 'preload' | 'existing inspector' | 'signal' | 'url';

/** What is proven of our having been there. */
export interface Left {
  /** null: it was not ours to close. */
  portClosed: boolean | null;
  fdsBefore: number | null;
  fdsAfter: number | null;
  threadsBefore: number | null;
  threadsAfter: number | null;
  /** ms from the signal to the closed port. */
  openMs: number;
  /** Why it was left open, or could not be closed. */
  note?: string;
}

export interface Attachment {
  how: How;
  connection: InspectorConnection;
  facts: GateFacts;
  /** Goes, takes back what was done, and looks whether it worked. Safe to call twice; `turning`: its loop is known to turn. */
  leave(turning?: boolean): Promise<Left>;
}

export interface NotAttached {
  refusal: Refusal | { code: 'unreachable' | 'no-guard' | 'port-taken' | 'own-handler' | 'silent' | 'gone' | 'not-asked' | 'wrong-answer'; why: string; fix?: string };
  facts?: GateFacts;
  left?: Left;
}

export interface AttachOptions {
  /** Asks whether the signal may be sent. */
  mayi(): Promise<boolean>;
  /** The program that takes things back and relays into another network namespace: see helper-program.ts. */
  helper: { file: string; args: string[] };
  /** monotonic ms of performance.now() at which all must be over. */
  deadline: number;
  signal: AbortSignal;
  /** The user says that an inspector listens there: it is asked, or nothing is. */
  port?: number;
}
