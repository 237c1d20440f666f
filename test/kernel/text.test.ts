import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, encodeText } from '../../src/kernel/text.ts';
import { anyBytes } from './proc/bytes.ts';

describe('decodeText', () => {
  it('gives ASCII back as it is, control characters included', () => {
    expect(decodeText('/tmp/a\n\x1b[31m')).toEqual({ text: '/tmp/a\n\x1b[31m' });
  });

  it('decodes UTF-8 and keeps a byte order mark', () => {
    expect(decodeText('caf\xc3\xa9')).toEqual({ text: 'café' });
    expect(decodeText('\xef\xbb\xbfx')).toEqual({ text: '\ufeffx' });
  });

  it('keeps the bytes of what is no UTF-8', () => {
    expect(decodeText('a\xff')).toEqual({ text: 'a\ufffd', base64: 'Yf8=' });
    // An overlong slash and a surrogate half are no UTF-8 either.
    expect(decodeText('\xc0\xaf').base64).toBe('wK8=');
    expect(decodeText('\xed\xa0\x80').base64).toBe('7aCA');
  });

  it('never confuses a true U+FFFD with a replaced byte', () => {
    expect(decodeText('\xef\xbf\xbd')).toEqual({ text: '\ufffd' });
  });

  it('loses no byte', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const { text, base64 } = decodeText(bytes);
        expect(base64 === undefined ? encodeText(text) : Buffer.from(base64, 'base64').toString('latin1')).toBe(bytes);
      }),
    );
  });
});

describe('encodeText', () => {
  it('is undone by decodeText', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeText(encodeText(text))).toEqual({ text });
      }),
    );
  });

  it('yields one char per byte', () => {
    expect(encodeText('é€')).toBe('\xc3\xa9\xe2\x82\xac');
  });
});
