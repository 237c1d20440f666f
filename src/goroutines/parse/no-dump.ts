/** There is no dump in it: why, and what there is instead. */
export class NoDump extends Error {
  override readonly name = 'NoDump';
  /** Of an archive, entries to choose among. */
  readonly candidates: readonly string[];

  constructor(message: string, candidates: readonly string[] = []) {
    super(message);
    this.candidates = candidates;
  }
}
