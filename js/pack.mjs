/*
 * The core's module on its way into a JavaScript file.
 */
/* ---- bytes as text ------------------------------------------------------------------------- */

/*
 * Printable ASCII that gzip takes as well as the bytes themselves: base64 would break their alignment, so that it finds fewer
 * repetitions (27 % more, where this costs 1 %). There are 93 printable characters without the quote and the backslash. The most
 * frequent bytes are one of them each, the others one of three and any one behind it. The more frequent a byte is, the more frequent
 * is its character in the program around: gzip has one code for both. The text begins with the bytes that the characters stand for,
 * written as if each stood for its number (for the backslash, too, so that they are in a row); web/wasm.js reads it.
 */
const ALL = 93;
const SINGLE = 90;

/* 32 '!' 34 is the quote, 92 the backslash */
const character = (value) => String.fromCharCode(value + 32 + (value > 1) + (value > 58));
const alphabet = Array.from({ length: ALL }, (_, value) => character(value));

function frequentFirst(values, sequence) {
  const counts = new Map(values.map((each) => [each, 0]));
  for (const each of sequence) if (counts.has(each)) counts.set(each, counts.get(each) + 1);
  return [...values].sort((a, b) => counts.get(b) - counts.get(a));
}

/* By byte: its character, for those that have one. */
function singles(bytes, program) {
  const frequent = frequentFirst(Array.from({ length: 256 }, (_, byte) => byte), bytes);
  return new Map(frequentFirst(alphabet.slice(ALL - SINGLE), program).map((each, i) => [frequent[i], each]));
}

const pair = (byte) => character(Math.floor(byte / ALL)) + character(byte % ALL);

function encode(bytes, program) {
  const single = singles(bytes, program);
  const byteOf = new Map([...single].map(([byte, each]) => [each, byte]));
  const plain = (byte) => (byte < SINGLE ? alphabet[ALL - SINGLE + byte] : pair(byte));
  const table = [...alphabet.slice(ALL - SINGLE).join('').replace(']', '\\]')].map((each) => plain(byteOf.get(each) || 0));
  return [...table, ...Array.from(bytes, (byte) => single.get(byte) || pair(byte))].join('');
}

/* Where `place` stands in a file's text. */
export function putPacked(file, place, bytes) {
  return file.replace(place, () => JSON.stringify(encode(bytes, file.replace(place, ''))));
}
