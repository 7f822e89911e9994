/*
 * The core's module on its way into a JavaScript file.
 */
import { execFileSync } from 'node:child_process';

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

function encode(bytes, single) {
  const byteOf = new Map([...single].map(([byte, each]) => [each, byte]));
  const plain = (byte) => (byte < SINGLE ? alphabet[ALL - SINGLE + byte] : pair(byte));
  const table = [...alphabet.slice(ALL - SINGLE).join('').replace(']', '\\]')].map((each) => plain(byteOf.get(each) || 0));
  return JSON.stringify([...table, ...Array.from(bytes, (byte) => single.get(byte) || pair(byte))].join(''));
}

/* ---- what gzip makes of it ------------------------------------------------------------------- */

export const gzipSize = (input) => execFileSync('gzip', ['-9'], { input }).length;

const DISTANCES = [1, 2, 4, 8, 3, 16]; // further ones find little

/*
 * How often gzip writes a character is known only when it has found its repetitions: bytes that are about as frequent exchange
 * their characters when that makes the file smaller.
 */
function exchange(single, size) {
  const bytes = [...single.keys()];
  let best = size();
  const swap = (a, b) => {
    const first = single.get(a);
    single.set(a, single.get(b)).set(b, first);
  };
  const tryPair = (a, b) => {
    swap(a, b);
    const swapped = size();
    if (swapped < best) best = swapped;
    else swap(a, b);
  };
  for (const distance of DISTANCES) bytes.slice(distance).forEach((each, i) => tryPair(bytes[i], each));
}

/* Where `place` stands in a file's text. `smallest`: it may take some seconds. */
export function putPacked(file, place, bytes, smallest) {
  const single = singles(bytes, file.replace(place, ''));
  const put = () => file.replace(place, () => encode(bytes, single));
  if (smallest) exchange(single, () => gzipSize(put()));
  return put();
}
