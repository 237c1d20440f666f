/** A stream of protocol messages to one inspector, whatever carries it. */
export interface Wire {
  send(text: string): void;
  onMessage(listener: (text: string) => void): void;
  /** Called once, when nothing more will come. */
  onEnd(listener: (why: string) => void): void;
  close(): void;
  /**
   * Lets the other side know that what it sent has come: Node's inspector holds back a second message until its kernel knows that of the
   * first (Nagle), which ours puts off by 40 ms unless we send something. False: there is nothing to send but a message.
   */
  acknowledge?(): boolean;
}
