/*
 * Bytes as printable ASCII that gzip takes as well as the bytes themselves: base64 would break their alignment, so that it finds
 * fewer repetitions (27 % more, where this costs 1 %).
 *
 * There are 93 printable characters without the quote and the backslash. A byte, to which `shift` was added, is one of the first
 * 91 if it is that small; else one of the last two and any one behind it.
 */
import zlib from 'node:zlib';

const SMALL = 91;
const ALL = 93;

/* 32 '!' 34 is the quote, 92 the backslash */
const character = (value) => String.fromCharCode(value + 32 + (value > 1) + (value > 58));

function encode(bytes, shift) {
  let text = '';
  for (const byte of bytes) {
    const value = (byte + shift) & 255;
    const rest = value - SMALL;
    text += rest < 0 ? character(value) : character(SMALL + Math.floor(rest / ALL)) + character(rest % ALL);
  }
  return text;
}

/* With the shift that compresses best. */
export function pack(bytes) {
  let best = null;
  for (let shift = 0; shift < 256; shift++) {
    const text = encode(bytes, shift);
    const size = zlib.gzipSync(text, { level: 9 }).length;
    if (!best || size < best.size) best = { text, shift, size };
  }
  return best;
}

/* The source of a function that takes the text and returns the bytes. */
export function unpacker(size, shift) {
  return `const value = (text, at) => {
  const code = text.charCodeAt(at);
  return code - 32 - (code > 34) - (code > 92);
};

/* See js/pack.mjs. */
function unpack(text) {
  const bytes = new Uint8Array(${size});
  for (let at = 0, n = 0; at < text.length; n++) {
    const first = value(text, at++);
    bytes[n] = (first < ${SMALL} ? first : ${SMALL} + (first - ${SMALL}) * ${ALL} + value(text, at++)) - ${shift};
  }
  return bytes;
}`;
}
