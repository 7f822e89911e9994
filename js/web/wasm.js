'use strict';
/* global packed */
/*
 * Starts the core's module. `packed` is its bytes as text, see ../pack.mjs: js/build.mjs puts it behind everything else in the file,
 * so that compressors do not mix the two.
 */
const HELP = "centrifuge.js needs WebAssembly: allow 'wasm-unsafe-eval' in script-src of Content-Security-Policy, or use centrifuge.asm.js. ";

const PAIRS = 40; // characters that come first: each two stand for each other

/* By the code of a character: its number among those that are printable, without the quote and the backslash. */
function values(pairs) {
  return Array.from({ length: 127 }, (_, code) => {
    const at = pairs.indexOf(String.fromCharCode(code));
    const own = at < 0 ? code : pairs.charCodeAt(at ^ 1);
    return own - 32 - (own > 34) - (own > 92);
  });
}

function unpack(text) {
  const bytes = new Uint8Array(text.length);
  const table = values(text.slice(0, PAIRS));
  const read = () => table[text.charCodeAt(at++)];
  let at = PAIRS;
  let size = 0;
  for (const shift = read(); at < text.length; size++) {
    const first = read();
    bytes[size] = (first < 91 ? first : 91 + (first - 91) * 93 + read()) - shift;
  }
  return bytes.subarray(0, size);
}

module.exports = (imports) => {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(unpack(packed)), imports).exports;
  } catch (exception) {
    throw new Error(HELP + exception);
  }
};
