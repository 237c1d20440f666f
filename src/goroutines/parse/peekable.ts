/** Chunks that can be looked at before they are taken. */
export class Peekable implements AsyncIterable<Buffer> {
  private readonly chunks: AsyncIterator<Buffer>;
  private held: Buffer[] = [];

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** At least so many bytes when there are as many. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.held.reduce((sum, chunk) => sum + chunk.length, 0) < bytes) {
      const next = await this.chunks.next();
      if (next.done) break;
      this.held.push(next.value);
    }
    if (this.held.length > 1) this.held = [Buffer.concat(this.held)];
    return this.held[0] ?? Buffer.alloc(0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      yield* this.held.splice(0);
      for (let next = await this.chunks.next(); !next.done; next = await this.chunks.next()) yield next.value;
    } finally {
      await this.chunks.return?.();
    }
  }
}
