import type { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { LinkTable } from '../../kernel/fd-links.ts';
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
  /** What it had open before anything was done. */
  before: LinkTable;
  /** Debuggers at the inspector, beside us. Throws InspectorError. */
  strangers(): Promise<number>;
  /** Goes, takes back what was done, and looks whether it worked. Safe to call twice. */
  leave(known?: Known): Promise<Left>;
}

/** What is known of the target when we leave. */
export interface Known {
  /** Its loop turns. */
  turning?: boolean;
  /** A look at its descriptors of a moment ago: how many are open, and connections to a port of it. */
  seen?: { open: number; connectionsAt(port: number): number } | undefined;
}

export interface NotAttached {
  refusal: Refusal | { code: NoAnswer; why: string; fix?: string };
  /** Its main thread is in a system call, and was for so long, ms. */
  stuck?: BlockingCall & { forMs: number };
  facts?: GateFacts;
  left?: Left;
  /** The inspector was closed by somebody else just then, as another of us does who goes: it may be tried again. */
  raced?: true;
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
