/** Conversations with an inspector: answers, silence, the end, and whatever a hostile one sends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InspectorConnection } from '../../src/effects/inspector/connection.ts';
import { parseReply } from '../../src/effects/inspector/discover.ts';
import type { Wire } from '../../src/effects/inspector/wire.ts';

interface Fake extends Wire {
  sent: { id: number; method: string }[];
  say(message: unknown): void;
  raw(text: string): void;
  end(why: string): void;
}

function fakeWire(): Fake {
  let listener: (text: string) => void = () => undefined;
  let ended: (why: string) => void = () => undefined;
  const fake: Fake = {
    sent: [],
    send: (text) => void fake.sent.push(JSON.parse(text)),
    onMessage: (next) => {
      listener = next;
    },
    onEnd: (next) => {
      ended = next;
    },
    close: () => fake.end('closed by us'),
    say: (message) => listener(JSON.stringify(message)),
    raw: (text) => listener(text),
    end: (why) => ended(why),
  };
  return fake;
}

describe('InspectorConnection', () => {
  it('gives each call its answer', async () => {
    const wire = fakeWire();
    const connection = new InspectorConnection(wire);
    const [first, second] = [connection.call('A', {}, 1000), connection.call('B', {}, 1000)];
    wire.say({ id: 2, result: { b: 1 } });
    wire.say({ id: 1, result: { a: 1 } });
    expect([await first, await second]).toEqual([{ a: 1 }, { b: 1 }]);
  });

  it('says why there is none: refused, silent, closed', async () => {
    const wire = fakeWire();
    const connection = new InspectorConnection(wire);
    const refused = connection.call('A', {}, 1000);
    wire.say({ id: 1, error: { message: 'no' } });
    await expect(refused).rejects.toMatchObject({ kind: 'refused', message: 'no' });
    await expect(connection.call('B', {}, 1)).rejects.toMatchObject({ kind: 'silent' });
    const closed = connection.call('C', {}, 1000);
    wire.end('gone');
    await expect(closed).rejects.toMatchObject({ kind: 'closed', message: 'gone' });
    await expect(connection.call('D', {}, 1000)).rejects.toMatchObject({ kind: 'closed' });
    expect(connection.isOpen).toBe(false);
  });

  describe('with another side that holds back what follows its last word', () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const holdingBack = (free: number): Fake & { acknowledged: number } => {
      const wire = Object.assign(fakeWire(), { acknowledged: 0, acknowledge: () => wire.acknowledged < free && ++wire.acknowledged > 0 });
      return wire;
    };

    it('acknowledges a part of what it waits for once a turn, and says something where it can do no other', async () => {
      const wire = holdingBack(2);
      const connection = new InspectorConnection(wire);
      const calls = [connection.call('A', {}, 1000), connection.call('B', {}, 1000)];
      await turn();
      expect(wire.acknowledged).toBe(0);
      for (let told = 0; told < 3; told++) wire.say({ method: 'Told', params: {} });
      await turn();
      expect(wire.acknowledged).toBe(1);
      wire.say({ id: 1, result: {} });
      await turn();
      expect(wire.acknowledged).toBe(2);
      expect(wire.sent).toHaveLength(2);
      wire.say({ method: 'Told', params: {} });
      await turn();
      expect(wire.sent.map(({ method }) => method)).toEqual(['A', 'B', 'Runtime.releaseObjectGroup']);
      wire.say({ id: 2, result: {} });
      await Promise.all(calls);
      await turn();
      expect([wire.acknowledged, wire.sent.length]).toEqual([2, 3]);
    });

    it('does nothing where calls go one after another, nor where it has something to say', async () => {
      const wire = holdingBack(9);
      const connection = new InspectorConnection(wire);
      const first = connection.call('A', {}, 1000);
      wire.say({ id: 1, result: {} });
      await first;
      const [second, third] = [connection.call('B', {}, 1000), connection.call('C', {}, 1000)];
      wire.say({ id: 2, result: {} });
      await second;
      const fourth = connection.call('D', {}, 1000);
      await turn();
      wire.say({ id: 3, result: {} });
      wire.say({ id: 4, result: {} });
      await Promise.all([third, fourth]);
      await turn();
      expect([wire.acknowledged, wire.sent.length]).toEqual([0, 4]);
    });
  });

  it('hands out events', () => {
    const wire = fakeWire();
    const connection = new InspectorConnection(wire);
    const heard: unknown[] = [];
    connection.on('X', (params) => heard.push(params));
    wire.say({ method: 'X', params: { a: 1 } });
    wire.say({ method: 'Y', params: { a: 2 } });
    expect(heard).toEqual([{ a: 1 }]);
  });

  it('is not upset by anything it is sent', () => {
    const connection = fakeWire();
    const of = new InspectorConnection(connection);
    of.on('X', () => undefined);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void connection.raw(text)));
  });
});

describe('parseReply', () => {
  const reply = (body: string): string => `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${body}`;

  it('is the first target', () => {
    expect(parseReply(reply('[{"webSocketDebuggerUrl":"ws://127.0.0.1:9229/a-b"}]'))).toEqual({ webSocketDebuggerUrl: 'ws://127.0.0.1:9229/a-b' });
  });

  it.each(['', 'HTTP/1.1 404 Not Found\r\n\r\n[]', reply('[]'), reply('[{"webSocketDebuggerUrl":7}]'), reply('[{"webSocketDebuggerUrl":"http://a/b"}]'), reply('[{'), reply('{"a":[1]}')])('is none: %j', (text) => {
    expect(parseReply(text)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parseReply(text) === undefined));
    fc.assert(fc.property(fc.json(), (text) => void parseReply(reply(text))));
  });
});
