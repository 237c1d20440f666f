/**
 * Reads one HTTP/1.x answer as it comes (RFC 9112) and knows at each moment what an end of the stream would mean: that nothing was
 * answered, that the answer was cut short, or that nobody can tell.
 */

/** What an answer may hold before its body; more is no answer of a server that is sound. */
const MOST_HEAD = 64 * 1024;
/** Of a body so much is kept for those who want to compare it. */
const MOST_KEPT = 4 * 1024 * 1024;
const END_OF_HEAD = '\r\n\r\n';

export type AnswerState =
  /** Nothing came. */
  | 'nothing'
  /** The head or the body is not whole yet. */
  | 'partial'
  /** All of it is there. */
  | 'whole'
  /** The body goes on to the end of the connection, by which nobody can tell a whole one from one that was cut. */
  | 'to-the-end'
  /** What came is no answer. */
  | 'malformed';

type Body = { by: 'length'; left: number } | { by: 'chunks'; left: number; at: 'size' | 'data' | 'after-data' | 'trailer' } | { by: 'end' } | { by: 'none' };

export class AnswerReader {
  state: AnswerState = 'nothing';
  status = 0;
  /** Names in lower case; of several of one name the first. */
  readonly headers = new Map<string, string>();
  /** It said that it closes the connection behind this answer, or has to. */
  closes = false;
  /** Bytes of the body so far. */
  bodyBytes = 0;
  /** Why it is malformed. */
  problem = '';
  #text = '';
  #body: Body | undefined;
  readonly #hasBody: boolean;
  readonly #keeps: boolean;
  #kept = '';

  /** @param keeps keep the first 4 MiB of the body @param hasBody false after HEAD */
  constructor({ keeps = false, hasBody = true }: { keeps?: boolean; hasBody?: boolean } = {}) {
    this.#keeps = keeps;
    this.#hasBody = hasBody;
  }

  /** The body as latin1, where it was to be kept. */
  get kept(): string {
    return this.#kept;
  }

  /** Takes what came. Returns false when there is more than this answer: whoever asked one question got more than one answer. */
  push(chunk: Buffer): boolean {
    if (this.state === 'malformed' || this.state === 'whole') return chunk.length === 0;
    if (chunk.length === 0) return true;
    if (this.state === 'nothing') this.state = 'partial';
    this.#text += chunk.toString('latin1');
    while (!this.#body && this.#head());
    return this.#body ? this.#bodyText() : true;
  }

  /** Takes one head off; true when another one follows (1xx). */
  #head(): boolean {
    const end = this.#text.indexOf(END_OF_HEAD);
    if (end < 0) {
      const start = this.#text.slice(0, 5);
      if (!'HTTP/'.startsWith(start) && start !== 'HTTP/') this.#fail('it does not begin with HTTP/');
      else if (this.#text.length > MOST_HEAD) this.#fail(`its head is longer than ${MOST_HEAD / 1024} KiB`);
      return false;
    }
    const [first = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    const match = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/s.exec(first);
    if (!match) {
      this.#fail('its first line is no status line of HTTP/1.x');
      return false;
    }
    this.#text = this.#text.slice(end + END_OF_HEAD.length);
    const status = Number(match[2]);
    // 101 is the last one: what follows is another protocol.
    if (status < 200 && status !== 101) return true;
    this.status = status;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).toLowerCase();
      if (name !== '' && !this.headers.has(name)) this.headers.set(name, line.slice(colon + 1).trim());
    }
    this.#begin(match[1] === '0');
    return false;
  }

  #begin(isOld: boolean): void {
    const { headers, status } = this;
    const connection = (headers.get('connection') ?? '').toLowerCase();
    this.closes = /\bclose\b/.test(connection) || (isOld && !/\bkeep-alive\b/.test(connection));
    const length = headers.get('content-length');
    if (!this.#hasBody || status === 204 || status === 304 || status === 101) this.#body = { by: 'none' };
    else if (/\bchunked\s*$/i.test(headers.get('transfer-encoding') ?? '')) this.#body = { by: 'chunks', left: 0, at: 'size' };
    else if (length === undefined) this.#body = { by: 'end' };
    else if (/^\d{1,15}$/.test(length)) this.#body = { by: 'length', left: Number(length) };
    else this.#fail('its Content-Length is no number');
    if (this.#body?.by !== 'end') return;
    this.closes = true;
    this.state = 'to-the-end';
  }

  #bodyText(): boolean {
    const body = this.#body!;
    switch (body.by) {
      case 'none':
        this.state = 'whole';
        return this.#text === '' || this.status === 101;
      case 'end':
        this.#take(this.#text.length);
        return true;
      case 'length':
        body.left -= this.#take(Math.min(body.left, this.#text.length));
        if (body.left === 0) this.state = 'whole';
        return body.left > 0 || this.#text === '';
      case 'chunks':
        while (this.state === 'partial' && this.#chunk(body));
        return this.state !== 'whole' || this.#text === '';
    }
  }

  /** One step through a chunked body; false when more must come first. */
  #chunk(body: Extract<Body, { by: 'chunks' }>): boolean {
    if (body.at === 'data') {
      body.left -= this.#take(Math.min(body.left, this.#text.length));
      if (body.left > 0) return false;
      body.at = 'after-data';
    }
    const end = this.#text.indexOf('\r\n');
    if (end < 0) {
      if (this.#text.length > MOST_HEAD) this.#fail('a chunk has no size');
      return false;
    }
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    if (body.at === 'after-data') {
      if (line !== '') this.#fail('a chunk is longer than it says');
      body.at = 'size';
    } else if (body.at === 'trailer') {
      if (line === '') this.state = 'whole';
    } else {
      const size = /^[\da-f]{1,12}(?=$|[\s;])/i.exec(line)?.[0];
      if (size === undefined) this.#fail('a chunk has no size');
      else if (/^0+$/.test(size)) body.at = 'trailer';
      else Object.assign(body, { at: 'data', left: Number.parseInt(size, 16) });
    }
    return this.state === 'partial';
  }

  #take(length: number): number {
    if (this.#keeps && this.#kept.length < MOST_KEPT) this.#kept += this.#text.slice(0, Math.min(length, MOST_KEPT - this.#kept.length));
    this.#text = this.#text.slice(length);
    this.bodyBytes += length;
    return length;
  }

  #fail(why: string): void {
    this.state = 'malformed';
    this.problem = why;
  }
}
