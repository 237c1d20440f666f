/** Why goroutines cannot be read from a process, in words that follow `it`. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  /** False: it is surely none of Go. */
  readonly isGo: boolean;

  constructor(message: string, isGo = true) {
    super(message);
    this.isGo = isGo;
  }
}
