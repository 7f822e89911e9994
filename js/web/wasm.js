'use strict';
/* global packed */
/*
 * Starts the core's module. `packed` is its bytes as text, see ../pack.mjs: js/build.mjs puts it behind everything else in the file,
 * so that compressors do not mix the two.
 */
const HELP = "centrifuge.js needs WebAssembly: allow 'wasm-unsafe-eval' in script-src of Content-Security-Policy, or use centrifuge.asm.js. ";

const PAIR = 35; // up to this code a character and the one behind it are a byte
const ALL = 93; // printable characters without the quote and the backslash

const number = (code) => code - 32 - (code > 34) - (code > 92);

function unpack(text) {
  const bytes = new Uint8Array(text.length);
  let at = 0;
  let size = 0;
  let table = Array.from({ length: 127 }, (_, code) => number(code) - number(PAIR) - 1);
  const read = () => {
    const code = text.charCodeAt(at++);
    return code > PAIR ? table[code] : number(code) * ALL + number(text.charCodeAt(at++));
  };
  table = table.map((value) => (value < 0 ? 0 : read()));
  while (at < text.length) bytes[size++] = read();
  return bytes.subarray(0, size);
}

module.exports = (imports) => {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(unpack(packed)), imports).exports;
  } catch (exception) {
    throw new Error(HELP + exception);
  }
};
