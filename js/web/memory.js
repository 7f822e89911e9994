'use strict';
/*
 * The core's module, and texts on their way into its memory and out of it. One instance serves all clients of a page or worker:
 * browsers have room for few.
 */
const encoding = require('centrifuge-encoding'); // chosen by ../build.mjs: encoding.js or fallback.js
const instantiate = require('centrifuge-core'); // made by ../build.mjs: WebAssembly, or JavaScript that does the same

const SHORT = 128; // characters, for which there is always room; src/web/bridge.c has as many for texts of a push

let core = null; // the functions of src/web/bridge.c
let bytes; // its memory, seen in two ways; both are made anew when it has grown
let words;
let view; // of the block that a long text was put into last: the next one mostly comes to the same place
let width = 1; // bytes that a character of a long text is thought to take, as in the last one: 1 or 3

/* At the first client, not when the file is loaded. */
function load() {
  if (core) return core;
  core = instantiate({ e: { r: () => Math.random() * 0x100000000, g: look } });
  look();
  return core;
}

/* Again when the memory has grown. */
function look() {
  view = bytes = new Uint8Array(core.memory.buffer);
  words = new Uint32Array(core.memory.buffer);
}

const byteAt = (at) => bytes[at];
const wordAt = (at) => words[at >> 2];

/* What the core had memory for. */
function memory(at) {
  if (!at) throw new RangeError('centrifuge: out of memory');
  return at;
}

/* ---- in ----------------------------------------------------------------------- */

/* UTF-8 to `at`. The end, or 0 when there was no room. */
function write(text, at, room) {
  if (view.byteOffset !== at || view.length < room) view = bytes.subarray(at, at + room);
  const { read, written } = encoding.encode(text, view);
  return read === text.length ? at + written : 0;
}

/* Calls `use` with a block of the core's memory that has the text, and its bytes. */
function put(text, use) {
  const { length } = text;
  for (let room = length < SHORT ? length * 3 : length * width; ; room = length * (width = 3)) {
    const at = memory(core._alloc(room));
    const end = write(text, at, room);
    if (end - at === length) width = 1;
    if (end) return use(at, end - at);
    core._release(at);
  }
}

/* To `at`, where there is room for some. Its bytes; 0 when it is no text, or too long. For so few characters a loop is quicker than an encoder. */
function putShort(text, at) {
  if (typeof text !== 'string' || text.length > SHORT) return 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return write(text, at, SHORT * 3) - at;
    bytes[at + i] = code;
  }
  return text.length;
}

function setFlag(at, value) { bytes[at] = value ? 1 : 0; }

function setWord(at, value) { words[at >> 2] = value; }

/* 64 bits */
function setTime(at, value) {
  setWord(at, value);
  setWord(at + 4, Math.floor(value / 0x100000000));
}

/* ---- out ------------------------------------------------------------------------ */

const decode = (at, size) => encoding.decode(bytes.subarray(at, at + size));

/* Of a member that has a pointer and a size. */
const textAt = (at) => decode(wordAt(at), wordAt(at + 4));

module.exports = { load, memory, byteAt, wordAt, put, putShort, setFlag, setWord, setTime, decode, textAt };
