/** A stream of protocol messages to one inspector, whatever carries it. */
export interface Wire {
  send(text: string): void;
  onMessage(listener: (text: string) => void): void;
  /** Called once, when nothing more will come. */
  onEnd(listener: (why: string) => void): void;
  close(): void;
}
