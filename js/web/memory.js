'use strict';
/*
 * The core's module, and texts on their way into its memory and out of it. One instance serves all clients of a page or worker:
 * browsers have room for few.
 */
const instantiate = require('centrifuge-core'); // made by ../build.mjs: WebAssembly, or JavaScript that does the same

const SHORT = 128; // characters; for fewer a loop is faster than a TextEncoder

let core = null; // the functions of src/web/bridge.c
let bytes; // its memory, seen in two ways; both are made anew when it has grown
let words;
let encoder;
let decoder;
let width = 1; // bytes that a character of a long text is thought to take, as in the last one: 1 or 3

const optional = (Class, ...values) => (typeof Class === 'function' ? new Class(...values) : null);

/* At the first client, not when the file is loaded. */
function load() {
  if (core) return core;
  core = instantiate({ e: { r: () => Math.random() * 0x100000000, g: look } });
  look();
  encoder = optional(globalThis.TextEncoder);
  decoder = optional(globalThis.TextDecoder, 'utf-8', { ignoreBOM: true });
  return core;
}

/* Again when the memory has grown. */
function look() {
  bytes = new Uint8Array(core.memory.buffer);
  words = new Uint32Array(core.memory.buffer);
}

const byteAt = (at) => bytes[at];
const wordAt = (at) => words[at >> 2];

/* ---- in ----------------------------------------------------------------------- */

/* UTF-8 to `at`; half a character becomes U+FFFD, as in a TextEncoder. The end, or 0 when there was no room. */
function encode(text, at, end) {
  for (let i = 0; i < text.length; i++) {
    let point = text.codePointAt(i);
    if (point > 0xffff) i++;
    else if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (end - at < size) return 0;
    for (let k = size - 1; k > 0; k--, point >>= 6) bytes[at + k] = 0x80 | (point & 0x3f);
    bytes[at] = size === 1 ? point : (0xf00 >> size) & 0xff | point;
    at += size;
  }
  return at;
}

function write(text, at, room) {
  if (!encoder || text.length < SHORT) return encode(text, at, at + room);
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, at + room));
  return read === text.length ? at + written : 0;
}

/* Calls `use` with a block of the core's memory that has the text, and its bytes. */
function put(text, use) {
  const { length } = text;
  for (let room = length < SHORT ? length * 3 : length * width; ; room = length * (width = 3)) {
    const at = core.alloc(room);
    if (!at) throw new RangeError('centrifuge: out of memory');
    const end = write(text, at, room);
    if (!end) {
      core.release(at);
      continue;
    }
    if (end - at === length) width = 1;
    return use(at, end - at);
  }
}

function setFlag(at, value) { bytes[at] = value ? 1 : 0; }

function setWord(at, value) { words[at >> 2] = value; }

/* 64 bits */
function setTime(at, value) {
  setWord(at, value);
  setWord(at + 4, Math.floor(value / 0x100000000));
}

/* ---- out ------------------------------------------------------------------------ */

function decode(at, size) {
  const part = bytes.subarray(at, at + size);
  if (decoder) return decoder.decode(part);
  let text = '';
  for (let i = 0; i < size; i += 8192) text += String.fromCharCode.apply(null, part.subarray(i, i + 8192));
  return decodeURIComponent(escape(text));
}

/* Of a member that has a pointer and a size. */
const textAt = (at) => decode(wordAt(at), wordAt(at + 4));

/* With NUL behind. */
const textOf = (at) => (at ? decode(at, bytes.indexOf(0, at) - at) : '');

module.exports = { load, byteAt, wordAt, put, setFlag, setWord, setTime, decode, textAt, textOf };
