import type { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { GateFacts, Refusal } from '../gate/index.ts';
import type { BlockingCall } from '../model.ts';
import type { Session } from './session.ts';

/** How the target came to talk to us. */
export type How = 'preload' | 'existing inspector' | 'signal' | 'url';

/** What is proven of our having been there. */
export interface Left {
  /** null: it was not ours to close. false, too, where it may open yet: see `note`. */
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
  /** Where it is an inspector: we as it knows us. */
  session?: Session;
  /** Debuggers at the inspector, beside us. Throws InspectorError. */
  strangers(): Promise<number>;
  /** Goes, takes back what was done, and looks whether it worked. Safe to call twice; `turning`: its loop is known to turn. */
  leave(turning?: boolean): Promise<Left>;
}

export interface NotAttached {
  refusal: Refusal | { code: NoAnswer; why: string; fix?: string };
  /** Its main thread is in a system call, and was for so long, ms. */
  stuck?: BlockingCall & { forMs: number };
  facts?: GateFacts;
  left?: Left;
}

type NoAnswer = 'unreachable' | 'no-guard' | 'port-taken' | 'own-handler' | 'silent' | 'gone' | 'not-asked' | 'wrong-answer' | 'blocked' | 'hidden' | 'interrupted';

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
