/*
 * The core's module on its way into a JavaScript file.
 */
import { execFileSync } from 'node:child_process';

/* ---- bytes as text ------------------------------------------------------------------------- */

/*
 * Printable ASCII that gzip takes as well as the bytes themselves: base64 would break their alignment, so that it finds fewer
 * repetitions (27 % more, where this costs 1 %). There are 93 printable characters without the quote and the backslash. A byte, to
 * which a shift was added, is one of the first 91 if it is that small; else one of the last two and any one behind it. Then
 * characters change places in pairs, so that those are frequent that are frequent in the program around them: gzip has one code for
 * both. The text begins with the pairs, then the shift; web/wasm.js reads it.
 */
const SMALL = 91;
const ALL = 93;
const PAIRS = 20;

/* 32 '!' 34 is the quote, 92 the backslash */
const character = (value) => String.fromCharCode(value + 32 + (value > 1) + (value > 58));
const alphabet = Array.from({ length: ALL }, (_, value) => character(value));

function encode(bytes, shift) {
  let text = character(shift);
  for (const byte of bytes) {
    const value = (byte + shift) & 255;
    const rest = value - SMALL;
    text += rest < 0 ? character(value) : character(SMALL + Math.floor(rest / ALL)) + character(rest % ALL);
  }
  return text;
}

/* Most frequent first. */
function ranked(text) {
  const counts = new Map(alphabet.map((each) => [each, 0]));
  for (const each of text) if (counts.has(each)) counts.set(each, counts.get(each) + 1);
  return [...alphabet].sort((a, b) => counts.get(b) - counts.get(a));
}

/* Each character once, as many as there are places for. */
function pairsOf(text, program) {
  const wanted = ranked(program);
  const pairs = [];
  ranked(text).forEach((from, i) => {
    const pair = [from, wanted[i]];
    if (from !== wanted[i] && !pair.some((each) => pairs.includes(each)) && pairs.length < 2 * PAIRS) pairs.push(...pair);
  });
  if (pairs.length !== 2 * PAIRS) throw new Error('the program and the core are too much alike to be packed');
  return pairs;
}

function swapped(text, pairs) {
  const other = new Map(pairs.map((each, i) => [each, pairs[i ^ 1]]));
  return pairs.join('') + [...text].map((each) => other.get(each) || each).join('');
}

const compressed = (text) => execFileSync('gzip', ['-9'], { input: text }).length;

/* Where `place` stands in a file's text, with the shift with which the file compresses best. */
export function putPacked(file, place, bytes) {
  const program = file.replace(place, '');
  let best = null;
  for (let shift = 0; shift < ALL; shift++) {
    const text = encode(bytes, shift);
    const whole = file.replace(place, () => JSON.stringify(swapped(text, pairsOf(text, program))));
    const size = compressed(whole);
    if (!best || size < best.size) best = { whole, size };
  }
  return best.whole;
}

/* ---- names of exports ------------------------------------------------------------------------- */

const EXPORTS = 7; // the section's number in WebAssembly's binary format

/* LEB128 */
function readNumber(bytes, at) {
  let number = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    number |= (byte & 127) << shift;
    if (byte < 128) return [number, at];
  }
}

const writeNumber = (number) => (number < 128 ? [number] : [(number & 127) | 128, ...writeNumber(number >>> 7)]);

function renameEach(section, names) {
  let [count, at] = readNumber(section, 0);
  const out = writeNumber(count);
  for (; count > 0; count--) {
    const [size, from] = readNumber(section, at);
    const name = Buffer.from(section.subarray(from, from + size)).toString();
    const [, end] = readNumber(section, from + size + 1); // behind a byte for the kind
    const renamed = Buffer.from(names[name] || name);
    out.push(...writeNumber(renamed.length), ...renamed, ...section.subarray(from + size, end));
    at = end;
  }
  return out;
}

/* A module whose exports have other names: { old: new }. */
export function renameExports(wasm, names) {
  const parts = [wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length;) {
    const kind = wasm[at];
    const [size, from] = readNumber(wasm, at + 1);
    const section = wasm.subarray(from, from + size);
    const content = kind === EXPORTS ? renameEach(section, names) : section;
    parts.push(Buffer.from([kind, ...writeNumber(content.length)]), Buffer.from(content));
    at = from + size;
  }
  return Buffer.concat(parts);
}
