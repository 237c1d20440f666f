/** The edge between bytes as the kernel gives them and text as people and JSON read it. */
import { Buffer, isUtf8 } from 'node:buffer';
import type { ByteString } from '../evidence/types.ts';

/**
 * Bytes to text. Valid UTF-8 comes back as it is (a byte order mark included); anything else as lossy text with
 * U+FFFD for what does not decode, and the true bytes in `base64`. Control characters are left for the renderer.
 */
export function decodeText(bytes: ByteString): { text: string; base64?: string } {
  if (isAscii(bytes)) return { text: bytes };
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  return isUtf8(buffer) ? { text } : { text, base64: buffer.toString('base64') };
}

/** Text to its UTF-8 bytes, one char per byte. A lone surrogate becomes U+FFFD. */
export function encodeText(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** A copy that stands by itself: engines keep all of a text as long as any part of it is kept (JSC a part of any length, V8 one of 13 characters). */
export function standingAlone(text: ByteString): ByteString {
  return Buffer.from(text, 'latin1').toString('latin1');
}
